//! The classes that somebody looked for in a case: partial class sets (methods 9, rule 9).

use std::collections::BTreeSet;

use crate::label::ClassId;

/// Background of such a case means "none of these"; a class that is not among them may hide in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotated {
    /// `None`: all.
    only: Option<BTreeSet<ClassId>>,
}

impl Annotated {
    /// An empty list means all classes.
    pub fn only(classes: &[ClassId]) -> Self {
        Self { only: (!classes.is_empty()).then(|| classes.iter().copied().collect()) }
    }

    pub fn is_all(&self) -> bool {
        self.only.is_none()
    }

    /// Background always is.
    pub fn contains(&self, class: ClassId) -> bool {
        class == 0 || self.only.as_ref().is_none_or(|only| only.contains(&class))
    }

    /// What can be relied on where voxels of two cases meet.
    pub fn common(&self, other: &Self) -> Self {
        match (&self.only, &other.only) {
            (None, _) => other.clone(),
            (_, None) => self.clone(),
            (Some(a), Some(b)) => Self { only: Some(a & b) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_means_all_but_nothing_in_common_means_background_only() {
        let all = Annotated::only(&[]);
        assert!(all.is_all() && all.contains(7));
        let (one, two) = (Annotated::only(&[1]), Annotated::only(&[2]));
        assert!(one.contains(0) && one.contains(1) && !one.contains(2));
        assert_eq!(one.common(&all), one);
        assert_eq!(all.common(&one), one);
        let none = one.common(&two);
        assert!(!none.is_all() && none.contains(0) && !none.contains(1) && !none.contains(2));
    }
}
