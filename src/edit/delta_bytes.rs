//! The compact form of a [`Delta`] for the journal.
//!
//! Format version, extent and number of runs, then per run the gap to the run before, the length, old and new class
//! and both origins. Numbers are LEB128. Integrity is the journal's concern; a reader here only trusts what it checks.

use super::{Delta, DeltaError, Run};
use crate::geometry::Extent;
use crate::label::{LabelValue, Origin};

const FORMAT_VERSION: u8 = 1;

/// Gap, length, two classes and the origins take at least one byte each.
const SMALLEST_RUN: usize = 5;

impl Delta {
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + (SMALLEST_RUN + 2) * self.runs().len());
        out.push(FORMAT_VERSION);
        for n in self.extent().to_array() {
            push_number(&mut out, n);
        }
        push_number(&mut out, self.runs().len());
        let mut end = 0;
        for run in self.runs() {
            push_number(&mut out, run.start - end);
            push_number(&mut out, run.len);
            out.extend([run.old.class, run.new.class, run.old.origin.code() | run.new.origin.code() << 4]);
            end = run.start + run.len;
        }
        out
    }

    /// Reads what [`Self::to_bytes`] wrote for a case of this extent. Never panics and allocates no more than the
    /// bytes can fill.
    pub fn from_bytes(bytes: &[u8], extent: Extent) -> Result<Self, DeltaError> {
        let mut reader = Reader { bytes, offset: 0 };
        let version = reader.byte()?;
        if version > FORMAT_VERSION {
            return Err(DeltaError::NewerFormat { version });
        }
        if version < FORMAT_VERSION {
            return Err(DeltaError::Damaged { offset: 0 });
        }
        let made_on = [reader.number()?, reader.number()?, reader.number()?];
        if made_on != extent.to_array() {
            return Err(DeltaError::OtherExtent { made_on, case: extent.to_array() });
        }
        let count = reader.number()?;
        let mut runs = Vec::with_capacity(count.min(bytes.len() / SMALLEST_RUN));
        let mut end = 0;
        for _ in 0..count {
            let run = reader.run(end)?;
            end = run.start.checked_add(run.len).ok_or(DeltaError::Damaged { offset: reader.offset })?;
            runs.push(run);
        }
        if reader.offset != bytes.len() {
            return Err(DeltaError::Damaged { offset: reader.offset });
        }
        Self::new(runs, extent)
    }
}

fn push_number(out: &mut Vec<u8>, mut n: usize) {
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, DeltaError> {
        let byte = *self.bytes.get(self.offset).ok_or(DeltaError::Damaged { offset: self.offset })?;
        self.offset += 1;
        Ok(byte)
    }

    fn number(&mut self) -> Result<usize, DeltaError> {
        let offset = self.offset;
        let mut value = 0usize;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = usize::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DeltaError::Damaged { offset })
    }

    fn run(&mut self, previous_end: usize) -> Result<Run, DeltaError> {
        let gap = self.number()?;
        let start = previous_end.checked_add(gap).ok_or(DeltaError::Damaged { offset: self.offset })?;
        let len = self.number()?;
        let (old_class, new_class, origins) = (self.byte()?, self.byte()?, self.byte()?);
        let damaged = DeltaError::Damaged { offset: self.offset - 1 };
        match (Origin::from_code(origins & 0x0f), Origin::from_code(origins >> 4)) {
            (Some(old), Some(new)) => {
                Ok(Run { start, len, old: LabelValue::new(old_class, old), new: LabelValue::new(new_class, new) })
            }
            _ => Err(damaged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn extent() -> Extent {
        Extent::new(40, 30, 20).unwrap()
    }

    fn any_delta() -> impl Strategy<Value = Delta> {
        let value = (any::<u8>(), 0u8..4).prop_map(|(c, o)| LabelValue::new(c, Origin::from_code(o).unwrap()));
        prop::collection::vec((0usize..900, 1usize..300, value.clone(), value), 0..18).prop_map(|parts| {
            let mut end = 0;
            let runs = parts.into_iter().map(|(gap, len, old, new)| {
                let start = end + gap;
                end = start + len;
                Run { start, len, old, new }
            });
            Delta::new(runs.collect(), extent()).unwrap()
        })
    }

    proptest! {
        #[test]
        fn bytes_round_trip(delta in any_delta()) {
            prop_assert_eq!(Delta::from_bytes(&delta.to_bytes(), extent()), Ok(delta));
        }

        #[test]
        fn a_shortened_or_lengthened_record_is_refused(delta in any_delta(), cut in any::<prop::sample::Index>()) {
            let mut bytes = delta.to_bytes();
            prop_assert!(Delta::from_bytes(&bytes[..cut.index(bytes.len())], extent()).is_err());
            bytes.push(0);
            prop_assert!(Delta::from_bytes(&bytes, extent()).is_err());
        }

        #[test]
        fn random_bytes_never_panic_and_what_is_read_is_valid(
            bytes in prop::collection::vec(any::<u8>(), 0..60), with_head in any::<bool>(),
        ) {
            let head: &[u8] = if with_head { &[1, 40, 30, 20] } else { &[] };
            if let Ok(delta) = Delta::from_bytes(&[head, &bytes].concat(), extent()) {
                prop_assert_eq!(Delta::new(delta.runs().to_vec(), extent()), Ok(delta));
            }
        }
    }

    #[test]
    fn a_newer_format_and_another_extent_are_named() {
        let delta = Delta::new(Vec::new(), extent()).unwrap();
        let mut bytes = delta.to_bytes();
        let other = Extent::new(30, 40, 20).unwrap();
        assert!(matches!(Delta::from_bytes(&bytes, other), Err(DeltaError::OtherExtent { .. })));
        bytes[0] = 2;
        assert_eq!(Delta::from_bytes(&bytes, extent()), Err(DeltaError::NewerFormat { version: 2 }));
    }

    #[test]
    fn a_run_that_overflows_the_address_space_is_refused() {
        let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        let record = [&[1, 40, 30, 20, 1][..], &huge, &huge, &[0, 1, 0x10]].concat();
        assert!(matches!(Delta::from_bytes(&record, extent()), Err(DeltaError::Damaged { .. })));
    }
}
