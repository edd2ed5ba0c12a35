//! A newest-value cell: a new value replaces one that nobody has taken, so results never queue up.

use std::sync::{Arc, Mutex, PoisonError};

/// Shared between one writer and one reader; neither ever waits longer than a pointer swap.
#[derive(Debug)]
pub struct Slot<T> {
    cell: Arc<Mutex<Option<T>>>,
}

impl<T> Slot<T> {
    pub fn new() -> Self {
        Self { cell: Arc::new(Mutex::new(None)) }
    }

    /// Replaces what is there. Returns true if an untaken value was dropped.
    pub fn put(&self, value: T) -> bool {
        let old = self.cell.lock().unwrap_or_else(PoisonError::into_inner).replace(value);
        old.is_some()
    }

    pub fn take(&self) -> Option<T> {
        self.cell.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self { cell: Arc::clone(&self.cell) }
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gets_only_the_newest_value() {
        let slot = Slot::new();
        assert!(!slot.put(1));
        assert!(slot.put(2));
        assert_eq!(slot.take(), Some(2));
        assert_eq!(slot.take(), None);
    }
}
