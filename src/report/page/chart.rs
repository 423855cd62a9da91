//! Charts as rectangles of a drawing that is 1000 wide. Knows no colours and no words.

/// Width of every drawing.
const WIDTH: f64 = 1000.0;
/// Narrowest part of a bar that is still seen.
const PART_MIN: f64 = 3.0;
/// Where the axis of the timeline lies; above it stand requests, below it refusals to be so fast.
const AXIS: f64 = 160.0;
/// Room below the axis.
const BELOW: f64 = 38.0;

/// A rectangle, numbers as attributes want them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) class: &'static str,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) width: String,
    pub(super) height: String,
}

impl Rect {
    fn new(class: &'static str, x: f64, y: f64, width: f64, height: f64) -> Self {
        Self { class, x: attribute(x), y: attribute(y), width: attribute(width), height: attribute(height) }
    }
}

/// Beginning and width of each part of a bar; a part of nothing is 0 wide, a small one is still seen.
pub(super) fn parts(counts: &[u64]) -> Vec<(String, String)> {
    let all: u64 = counts.iter().sum();
    let shown = |count: u64| if count == 0 { 0.0 } else { (ratio(count, all) * WIDTH).max(PART_MIN) };
    let total: f64 = counts.iter().map(|&count| shown(count)).sum();
    let mut x = 0.0;
    counts
        .iter()
        .map(|&count| {
            let width = if total > 0.0 { shown(count) * WIDTH / total } else { 0.0 };
            let part = (attribute(x), attribute(width));
            x += width;
            part
        })
        .collect()
}

/// A length along the whole drawing.
pub(super) fn length(part: u64, whole: u64) -> String {
    let length = ratio(part, whole) * WIDTH;
    attribute(if part > 0 { length.max(PART_MIN) } else { 0.0 })
}

/// Bars over time: first requests, repeats on top of them, throttled answers below the axis.
pub(super) fn timeline(slices: &[(u64, u64, u64)]) -> Vec<Rect> {
    let highest = slices.iter().map(|&(sent, ..)| sent).max().unwrap_or(0);
    // Below the axis the same scale as above, unless it does not fit.
    let deepest = slices.iter().map(|&(_, _, throttled)| throttled).max().unwrap_or(0).max(highest / 4);
    let slot = WIDTH / slices.len().max(1) as f64;
    let width = (slot * 0.82).max(1.0);
    let mut rects = Vec::new();
    for (index, &(sent, retried, throttled)) in slices.iter().enumerate() {
        let x = slot * index as f64;
        let seen = |count: u64| if count == 0 { 0.0 } else { (ratio(count, highest) * AXIS).max(1.0) };
        let (first, repeats) = (seen(sent.saturating_sub(retried)), seen(retried));
        let below = if throttled == 0 { 0.0 } else { (ratio(throttled, deepest) * BELOW).max(2.0) };
        let bars = [
            Rect::new("first", x, AXIS - first, width, first),
            Rect::new("repeat", x, (AXIS - first - repeats).max(0.0), width, repeats),
            Rect::new("throttled", x, AXIS + 1.0, width, below),
        ];
        rects.extend(bars.into_iter().filter(|bar| bar.height != "0"));
    }
    rects
}

fn ratio(part: u64, whole: u64) -> f64 {
    // Numbers of rows are far below the 2^53 that a double holds exactly, and a pixel is coarser anyway.
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// One digit behind the point is finer than any screen here.
fn attribute(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_fill_the_bar_and_small_ones_are_seen() {
        let of = |counts: &[u64]| parts(counts).into_iter().map(|(x, width)| format!("{x}+{width}")).collect::<Vec<_>>();
        assert_eq!(of(&[3, 0, 1]), ["0+750", "750+0", "750+250"]);
        assert_eq!(of(&[1_000_000, 1]), ["0+997", "997+3"]);
        assert_eq!(of(&[0, 0]), ["0+0", "0+0"]);
    }

    #[test]
    fn bars_stay_within_their_drawing() {
        for slices in [vec![], vec![(0, 0, 0)], vec![(9, 4, 100), (1, 1, 0)], vec![(u64::MAX, 0, u64::MAX); 60]] {
            for bar in timeline(&slices) {
                let number = |text: &str| text.parse::<f64>().unwrap();
                assert!(number(&bar.x) + number(&bar.width) <= WIDTH && number(&bar.y) >= 0.0, "{bar:?}");
                assert!(number(&bar.y) + number(&bar.height) <= AXIS + BELOW + 2.0, "{bar:?}");
            }
        }
        let classes: Vec<_> = timeline(&[(9, 4, 1)]).into_iter().map(|bar| bar.class).collect();
        assert_eq!(classes, ["first", "repeat", "throttled"]);
    }
}
