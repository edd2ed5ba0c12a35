//! Where two predictions of a case say different things.

use super::Prediction;
use crate::volume::Grid;

impl Prediction {
    /// This prediction where it names another class than `older`, nothing elsewhere. What only `older` names is kept with
    /// its class, so that it can be seen. Confidences are this prediction's own. `None` if the grids differ.
    pub fn difference_to(&self, older: &Self) -> Option<Self> {
        if self.extent() != older.extent() {
            return None;
        }
        let names = self.class.as_slice().iter().zip(older.class.as_slice());
        let class = names.map(|(&new, &old)| match new == old {
            true => 0,
            false if new == 0 => old,
            false => new,
        });
        let class = Grid::from_vec(self.extent(), class.collect())?;
        Some(Self { class_a: class.clone(), class_b: class.clone(), class, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Provenance;
    use super::*;
    use crate::geometry::Extent;

    fn prediction(extent: Extent, classes: Vec<u8>) -> Prediction {
        let class = Grid::from_vec(extent, classes).unwrap();
        let plane = Grid::filled(extent, 200);
        Prediction {
            provenance: Provenance { case: "a".into(), label_revision: 0, model: "001".into(), step: 1 },
            confidence_a: plane.clone(),
            confidence_b: plane.clone(),
            class_a: class.clone(),
            class_b: class.clone(),
            dual_confidence: plane,
            class,
            probabilities: Default::default(),
        }
    }

    #[test]
    fn a_difference_names_the_new_class_where_there_is_one_and_else_the_one_that_is_gone() {
        let extent = Extent::new(5, 1, 1).unwrap();
        let (new, old) = (prediction(extent, vec![0, 1, 2, 0, 3]), prediction(extent, vec![0, 1, 1, 2, 0]));
        let difference = new.difference_to(&old).unwrap();
        assert_eq!(difference.class.as_slice(), [0, 0, 2, 2, 3]);
        assert_eq!((&difference.class_a, difference.provenance.step), (&difference.class, 1));
        let other = prediction(Extent::new(1, 5, 1).unwrap(), vec![0; 5]);
        assert_eq!(new.difference_to(&other), None);
    }
}
