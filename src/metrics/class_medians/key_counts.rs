//! Counts of half sort keys, and which voxel stands in the middle.

const KEYS_PER_PAGE: usize = 256;

/// How often each half key occurs, in pages that exist once they are needed: an organ's intensities lie close together.
#[derive(Clone)]
pub(super) struct KeyCounts {
    pages: Vec<Option<Box<[u64; KEYS_PER_PAGE]>>>,
}

/// Where a voxel stands that is the given rank (from 0) in the order of keys.
#[derive(Clone, Copy)]
pub(super) struct Middle {
    pub key: u16,
    /// Its rank among the voxels with this key.
    pub rank: u64,
}

impl KeyCounts {
    pub fn new() -> Self {
        Self { pages: vec![None; (1 << 16) / KEYS_PER_PAGE] }
    }

    pub fn add(&mut self, key: u16) {
        let [page, place] = key.to_be_bytes().map(usize::from);
        self.pages[page].get_or_insert_with(|| Box::new([0; KEYS_PER_PAGE]))[place] += 1;
    }

    pub fn merge(&mut self, other: Self) {
        for (own, other) in self.pages.iter_mut().zip(other.pages) {
            match (own, other) {
                (Some(own), Some(other)) => own.iter_mut().zip(other.iter()).for_each(|(a, b)| *a += b),
                (own, other) => *own = own.take().or(other),
            }
        }
    }

    pub fn at_rank(&self, rank: u64) -> Option<Middle> {
        let mut before = 0;
        for (upper, page) in (0u8..=u8::MAX).zip(&self.pages) {
            for (lower, count) in (0u8..=u8::MAX).zip(page.iter().flat_map(|p| p.iter())) {
                if rank < before + count {
                    return Some(Middle { key: u16::from_be_bytes([upper, lower]), rank: rank - before });
                }
                before += count;
            }
        }
        None
    }

    /// The middle voxel twice, or the middle two.
    pub fn middles(&self) -> Option<[Middle; 2]> {
        let count: u64 = self.pages.iter().flatten().flat_map(|p| p.iter()).sum();
        Some([self.at_rank(count.checked_sub(1)? / 2)?, self.at_rank(count / 2)?])
    }
}
