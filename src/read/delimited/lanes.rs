//! Sixteen bytes of text looked at together. Says where bytes stand that somebody asked for, not what they mean.

use wide::u8x16;

/// Bytes that are looked at together.
pub(super) const LANES: usize = 16;

/// The sixteen bytes from `at` on; `None` where fewer are left.
#[inline]
pub(super) fn lanes(bytes: &[u8], at: usize) -> Option<u8x16> {
    bytes.get(at..)?.first_chunk::<LANES>().map(|bytes| u8x16::new(*bytes))
}

/// Up to four bytes to be looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sought {
    bytes: [u8; 4],
    lanes: [u8x16; 4],
}

impl Sought {
    /// Bytes may be named more than once.
    pub(super) fn new(bytes: [u8; 4]) -> Self {
        Self { bytes, lanes: bytes.map(u8x16::splat) }
    }

    /// Offset of the first of these bytes at or after `at`; the end where there is none.
    #[inline]
    pub(super) fn find(&self, text: &[u8], mut at: usize) -> usize {
        let [a, b, c, d] = self.lanes;
        while let Some(here) = lanes(text, at) {
            let hits = (here.simd_eq(a) | here.simd_eq(b) | here.simd_eq(c) | here.simd_eq(d)).to_bitmask();
            if hits != 0 {
                return at + hits.trailing_zeros() as usize;
            }
            at += LANES;
        }
        let rest = text.get(at..).unwrap_or(&[]);
        at + rest.iter().position(|byte| self.bytes.contains(byte)).unwrap_or(rest.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_of_the_bytes_is_found(
            text in proptest::collection::vec(0_u8..6, 0..80),
            sought in proptest::array::uniform4(4_u8..8),
            at in 0_usize..90,
        ) {
            let expected = (at..text.len()).find(|&at| sought.contains(&text[at])).unwrap_or(text.len().max(at));
            prop_assert_eq!(Sought::new(sought).find(&text, at), expected);
        }
    }
}
