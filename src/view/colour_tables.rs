//! Ready-made colours for every class and confidence, so that drawing a voxel is a look-up.

use std::sync::Arc;

use super::{DoubtColours, LayerSettings};
use crate::label::{ClassId, ClassTable};

/// Colours of labels (one per class) and of pseudo-labels (one per class and dual confidence).
///
/// A colour is `[r, g, b, weight]`, sRGB; `weight / 255` is multiplied into the layer's opacity and is 0 for what is hidden.
#[derive(Clone, Debug, PartialEq)]
pub struct ColourTables {
    classes: ClassTable,
    doubt: Option<DoubtColours>,
    labels: Vec<[u8; 4]>,
    pseudo: Vec<[u8; 4]>,
}

impl ColourTables {
    /// Side of the pseudo-label table.
    pub const SIDE: usize = 256;

    /// Contour colours of the two networks, and where both contours run; `slice.wgsl` holds the same.
    pub const NETWORK_A: [u8; 3] = [255, 196, 60];
    pub const NETWORK_B: [u8; 3] = [232, 80, 220];
    pub const NETWORKS_AGREE: [u8; 3] = [255, 255, 255];

    pub fn new(classes: &ClassTable, layers: &LayerSettings) -> Self {
        let doubt = Self::doubt_of(layers);
        let labels: Vec<[u8; 4]> = label_colours(classes);
        let pseudo = labels
            .iter()
            .enumerate()
            .flat_map(|(class, colour)| {
                (0..=255).map(move |confidence| pseudo_colour(doubt, class, *colour, confidence))
            })
            .collect();
        Self { classes: classes.clone(), doubt, labels, pseudo }
    }

    /// The same tables if they still fit, else new ones: cheap to call each frame.
    pub fn refreshed(self: &Arc<Self>, classes: &ClassTable, layers: &LayerSettings) -> Arc<Self> {
        if self.classes == *classes && self.doubt == Self::doubt_of(layers) {
            Arc::clone(self)
        } else {
            Arc::new(Self::new(classes, layers))
        }
    }

    fn doubt_of(layers: &LayerSettings) -> Option<DoubtColours> {
        layers.doubt.then_some(DoubtColours { threshold: layers.doubt_threshold })
    }

    pub fn label(&self, class: ClassId) -> [u8; 4] {
        self.labels[usize::from(class)]
    }

    pub fn pseudo(&self, class: ClassId, dual_confidence: u8) -> [u8; 4] {
        self.pseudo[usize::from(class) * Self::SIDE + usize::from(dual_confidence)]
    }

    /// 256 colours, by class.
    pub fn labels(&self) -> &[[u8; 4]] {
        &self.labels
    }

    /// 256 x 256 colours: rows by class, within a row by dual confidence.
    pub fn pseudo_labels(&self) -> &[[u8; 4]] {
        &self.pseudo
    }
}

fn label_colours(classes: &ClassTable) -> Vec<[u8; 4]> {
    (0..=ClassId::MAX)
        .zip(classes.colours())
        .map(|(id, [r, g, b])| {
            let visible = classes.get(id).is_none_or(|c| c.visible);
            [r, g, b, if visible { 255 } else { 0 }]
        })
        .collect()
}

fn pseudo_colour(doubt: Option<DoubtColours>, class: usize, [r, g, b, weight]: [u8; 4], confidence: u8) -> [u8; 4] {
    match doubt {
        _ if weight == 0 => [r, g, b, 0],
        Some(doubt) if class == 0 => doubt.background(confidence),
        Some(doubt) => doubt.foreground([r, g, b], confidence),
        None if class == 0 => [r, g, b, 0],
        None => [r, g, b, weight],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(change: impl Fn(&mut ClassTable, &mut LayerSettings)) -> ColourTables {
        let mut classes = ClassTable::from_names(&["a", "b"]).unwrap();
        let mut layers = LayerSettings::default();
        change(&mut classes, &mut layers);
        ColourTables::new(&classes, &layers)
    }

    #[test]
    fn a_hidden_class_is_hidden_in_labels_and_pseudo_labels() {
        let t = tables(|classes, _| classes.get_mut(2).unwrap().visible = false);
        assert_eq!((t.label(2)[3], t.pseudo(2, 255)[3], t.pseudo(2, 0)[3]), (0, 0, 0));
        assert_eq!(t.label(1)[3], 255);
        assert!(t.pseudo(1, 0)[3] > 0);
    }

    #[test]
    fn without_the_doubt_map_confidence_changes_nothing_and_background_is_clear() {
        let t = tables(|_, layers| layers.doubt = false);
        assert_eq!(t.pseudo(1, 0), t.pseudo(1, 255));
        assert_eq!(t.pseudo(0, 0)[3], 0);
    }

    #[test]
    fn tables_are_rebuilt_only_when_classes_or_the_doubt_threshold_change() {
        let classes = ClassTable::from_names(&["a"]).unwrap();
        let mut layers = LayerSettings::default();
        let first = Arc::new(ColourTables::new(&classes, &layers));
        layers.label_opacity = 0.9;
        assert!(Arc::ptr_eq(&first, &first.refreshed(&classes, &layers)));
        layers.doubt_threshold = 0.5;
        let second = first.refreshed(&classes, &layers);
        assert!(!Arc::ptr_eq(&first, &second));
        assert_eq!(*second, ColourTables::new(&classes, &layers));
    }
}
