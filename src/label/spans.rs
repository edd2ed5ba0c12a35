//! Voxels as spans of linear indices.

use std::ops::Range;

pub type Span = Range<usize>;

/// Ascending and disjoint, from spans in any order, overlapping or not. Rows play no part.
pub fn united(spans: impl IntoIterator<Item = Span>) -> Vec<Span> {
    let mut spans: Vec<Span> = spans.into_iter().filter(|s| s.start < s.end).collect();
    // Stable: the spans mostly come in order, which this sort takes in one pass.
    spans.sort_by_key(|s| s.start);
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => joined.push(span),
        }
    }
    joined
}

/// What is in `spans` and not in `taken`; both ascending and disjoint.
pub fn without(spans: &[Span], taken: &[Span]) -> Vec<Span> {
    let mut left = Vec::new();
    for span in spans {
        let mut start = span.start;
        for gone in overlapping(taken, span) {
            if start < gone.start {
                left.push(start..gone.start);
            }
            start = start.max(gone.end);
        }
        if start < span.end {
            left.push(start..span.end);
        }
    }
    left
}

/// Those of ascending, disjoint spans that share something with a span.
pub fn overlapping<'a>(spans: &'a [Span], with: &Span) -> impl Iterator<Item = &'a Span> + use<'a> {
    let (start, end) = (with.start, with.end);
    let first = spans.partition_point(|s| s.end <= start);
    spans.get(first..).unwrap_or(&[]).iter().take_while(move |s| s.start < end)
}

pub fn span_voxels(spans: &[Span]) -> usize {
    spans.iter().map(ExactSizeIterator::len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_spans() -> impl Strategy<Value = Vec<Span>> {
        let span = (0usize..60, 0usize..9).prop_map(|(start, len)| start..start + len);
        prop::collection::vec(span, 0..9)
    }

    proptest! {
        #[test]
        fn union_and_difference_are_those_of_sets(a in any_spans(), b in any_spans()) {
            let in_any = |spans: &[Span], i: usize| spans.iter().any(|s| s.contains(&i));
            let (whole, gone) = (united(a.clone()), united(b.clone()));
            prop_assert!(whole.windows(2).all(|w| w[0].end < w[1].start));
            let left = without(&whole, &gone);
            for i in 0..80 {
                prop_assert_eq!(in_any(&whole, i), in_any(&a, i));
                prop_assert_eq!(in_any(&left, i), in_any(&a, i) && !in_any(&b, i));
            }
        }
    }
}
