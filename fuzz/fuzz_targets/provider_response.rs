//! Any status, headers and body as the answer of every provider: no creation without a success, no client data in what is kept.
//! Input: two bytes of status, one of circumstances, then header lines, an empty line and the body. The bytes 1 to 8 stand for
//! values of the client that was sent.
#![no_main]

use clientferry::provider::hostile::{answered, judge_everywhere};
use libfuzzer_sys::fuzz_target;

/// Statuses with meanings of their own; random ones would seldom hit them.
const STATUSES: [u16; 24] =
    [200, 201, 202, 204, 206, 301, 302, 400, 401, 403, 404, 405, 408, 409, 412, 413, 422, 425, 429, 500, 502, 503, 504, 599];

fuzz_target!(|input: &[u8]| {
    let [first, second, circumstances, rest @ ..] = input else { return };
    let status = match STATUSES.get(usize::from(*first)) {
        Some(status) => *status,
        None => 100 + u16::from_le_bytes([*first, *second]) % 900,
    };
    let rest = answered(rest);
    let cut = rest.windows(2).position(|pair| pair == b"\n\n");
    let (headers, body) = cut.map_or((&[][..], &rest[..]), |at| (&rest[..at], &rest[at + 2..]));
    let body = if circumstances & 2 == 0 { Ok(body) } else { Err("the answer broke off") };
    if let Err(why) = judge_everywhere(status, headers, body, circumstances & 1 == 1) {
        panic!("{why}");
    }
});
