//! Ready-made colours for every class and confidence, so that drawing a voxel is a look-up.

use std::sync::Arc;

use super::{BeliefColours, ColourAxes, ColourBy, DoubtColours, LayerSettings, measure_colours};
use crate::geometry::Voxel;
use crate::label::{Class, ClassId, ClassTable, DoubtRule, DoubtThresholds, RegionCode};

/// Colours of labels (one per class) and of pseudo-labels (one per class and value of the plane that colours them).
///
/// A colour is `[r, g, b, weight]`, sRGB; `weight / 255` is multiplied into the layer's opacity and is 0 for what is hidden.
#[derive(Clone, Debug, PartialEq)]
pub struct ColourTables {
    classes: ClassTable,
    choice: Choice,
    labels: Vec<[u8; 4]>,
    pseudo: Vec<[u8; 4]>,
    /// The lower edge of a map with two axes; `pseudo` is then the upper one.
    unlike: Option<Vec<[u8; 4]>>,
    /// By dual confidence the least likeness that is trusted; only of the map of both axes.
    trusted: [Option<u8>; Self::SIDE],
}

/// What of the layer settings changes colours.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Choice {
    by: Option<ColourBy>,
    doubt: DoubtColours,
    thresholds: DoubtThresholds,
    opacity_by_confidence: bool,
    highlight: Option<ClassId>,
}

/// The edges of a map with two axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    Upper,
    Lower,
}

impl Edge {
    /// The second value that lies there.
    fn value(self) -> u8 {
        match self {
            Self::Upper => u8::MAX,
            Self::Lower => 0,
        }
    }
}

impl ColourTables {
    /// Side of the pseudo-label table.
    pub const SIDE: usize = 256;

    /// What is left of the weight of a trusted voxel in the map of both axes; `slice.wgsl` holds the same.
    pub const TRUSTED_WEIGHT: f64 = 0.6;

    /// Contour colours of the two networks, and where both contours run; `slice.wgsl` holds the same.
    pub const NETWORK_A: [u8; 3] = [255, 196, 60];
    pub const NETWORK_B: [u8; 3] = [232, 80, 220];
    pub const NETWORKS_AGREE: [u8; 3] = [255, 255, 255];
    /// Of the fused contour, which is dashed (see [`Self::is_dash`]) and not drawn where both networks' contours run.
    pub const FUSED: [u8; 3] = [40, 160, 255];

    /// Whether a dashed contour is drawn at a voxel. No straight or diagonal line through an axis-parallel slice lies
    /// wholly between the dashes; `slice.wgsl` holds the same.
    pub fn is_dash(voxel: Voxel) -> bool {
        (voxel.x + 2 * voxel.y + 4 * voxel.z) % 7 < 4
    }

    pub fn new(classes: &ClassTable, layers: &LayerSettings) -> Self {
        let choice = Choice::of(layers);
        let labels: Vec<[u8; 4]> = label_colours(classes, choice.highlight);
        let unlike = (choice.axes() == ColourAxes::Two).then(|| choice.table(&labels, Edge::Lower));
        let trusted = match choice.by {
            Some(ColourBy::BothAxes) if !choice.opacity_by_confidence => {
                DoubtRule::new(choice.thresholds).least_likeness()
            }
            _ => [None; Self::SIDE],
        };
        Self { classes: classes.clone(), choice, pseudo: choice.table(&labels, Edge::Upper), unlike, labels, trusted }
    }

    /// The same tables if they still fit, else new ones: cheap to call each frame.
    pub fn refreshed(self: &Arc<Self>, classes: &ClassTable, layers: &LayerSettings) -> Arc<Self> {
        if self.classes == *classes && self.choice == Choice::of(layers) {
            Arc::clone(self)
        } else {
            Arc::new(Self::new(classes, layers))
        }
    }

    /// What colours the pseudo-labels; `None`: their class alone.
    pub fn coloured_by(&self) -> Option<ColourBy> {
        self.choice.by
    }

    pub fn axes(&self) -> ColourAxes {
        self.choice.axes()
    }

    pub fn label(&self, class: ClassId) -> [u8; 4] {
        self.labels[usize::from(class)]
    }

    /// Red, green, blue and weight, 0 to 1, of a pseudo-label whose colouring planes have these values.
    pub fn pseudo(&self, class: ClassId, first: u8, second: Option<u8>) -> [f64; 4] {
        let of = |table: &[[u8; 4]], value: u8| {
            table[usize::from(class) * Self::SIDE + usize::from(value)].map(|c| f64::from(c) / 255.0)
        };
        match (self.axes(), &self.unlike, second) {
            (ColourAxes::Two, Some(unlike), Some(second)) => {
                let (lower, upper, likeness) = (of(unlike, first), of(&self.pseudo, first), f64::from(second) / 255.0);
                // The class's hue stays until the labels really speak against it; an even mixture would be grey.
                let share = likeness * (2.0 - likeness);
                let [r, g, b, weight] = std::array::from_fn(|i| lower[i] * (1.0 - share) + upper[i] * share);
                [r, g, b, if self.is_faded(first, second) { weight * Self::TRUSTED_WEIGHT } else { weight }]
            }
            (ColourAxes::Difference, _, Some(second)) => of(&self.pseudo, measure_colours::shift_code(first, second)),
            _ => of(&self.pseudo, first),
        }
    }

    /// Whether a voxel of the map of both axes is trusted: then it is drawn fainter than what wants to be looked at.
    pub fn is_faded(&self, first: u8, second: u8) -> bool {
        self.trusted[usize::from(first)].is_some_and(|least| second >= least)
    }

    /// By first value the least second value that is faded.
    pub fn least_trusted(&self) -> &[Option<u8>; Self::SIDE] {
        &self.trusted
    }

    /// By first value the least second value that is faded, as `[value, 0, 0, 255]`; zeros where there is none.
    pub fn faded(&self) -> [[u8; 4]; Self::SIDE] {
        self.trusted.map(|least| least.map_or([0; 4], |least| [least, 0, 0, 255]))
    }

    /// 256 colours, by class.
    pub fn labels(&self) -> &[[u8; 4]] {
        &self.labels
    }

    /// 256 x 256 colours: rows by class, within a row by the value of the first plane (or of the difference).
    pub fn pseudo_labels(&self) -> &[[u8; 4]] {
        &self.pseudo
    }

    /// The same where the second plane is 0, for a map with two axes.
    pub fn unlike_pseudo_labels(&self) -> Option<&[[u8; 4]]> {
        self.unlike.as_deref()
    }
}

impl Choice {
    fn of(layers: &LayerSettings) -> Self {
        let LayerSettings { thresholds, opacity_by_confidence, highlight, .. } = *layers;
        let doubt = DoubtColours { threshold: thresholds.networks };
        Self { by: layers.coloured_by(), doubt, thresholds, opacity_by_confidence, highlight }
    }

    fn axes(&self) -> ColourAxes {
        self.by.map_or(ColourAxes::One, ColourBy::axes)
    }

    /// A row per class. Most classes share their colour with an earlier one, whose row is copied.
    fn table(&self, labels: &[[u8; 4]], edge: Edge) -> Vec<[u8; 4]> {
        let mut table = Vec::with_capacity(labels.len() * ColourTables::SIDE);
        for (class, colour) in labels.iter().enumerate() {
            match (1..class).find(|&earlier| labels[earlier] == *colour) {
                Some(same) => table.extend_from_within(same * ColourTables::SIDE..(same + 1) * ColourTables::SIDE),
                None => table.extend((0..=255).map(|value| self.colour(class, *colour, value, edge))),
            }
        }
        table
    }

    fn colour(&self, class: usize, colour: [u8; 4], value: u8, edge: Edge) -> [u8; 4] {
        let [r, g, b, own] = self.opaque_colour(class, colour, value, edge);
        // At most 255: the casts are exact.
        let weight = (u16::from(own) * u16::from(colour[3]) / 255) as u8;
        let confidence = if self.opacity_by_confidence { self.confidence(value, edge) } else { u8::MAX };
        [r, g, b, (u16::from(weight) * u16::from(confidence) / 255) as u8]
    }

    /// How sure a value is, 0..=255; always sure where the measure is drawn the stronger the less sure it is.
    fn confidence(&self, value: u8, edge: Edge) -> u8 {
        match self.by {
            Some(ColourBy::Spread | ColourBy::Shift) => u8::MAX,
            Some(ColourBy::Entropy) => u8::MAX - value,
            Some(ColourBy::Agreement) => edge.value(),
            _ => value,
        }
    }

    /// The colour of a class that is shown with its full weight.
    fn opaque_colour(&self, class: usize, [r, g, b, weight]: [u8; 4], value: u8, edge: Edge) -> [u8; 4] {
        let (is_background, colour) = (class == 0, [r, g, b]);
        let beliefs = BeliefColours { doubt: self.doubt };
        match self.by {
            _ if weight == 0 => [r, g, b, 0],
            None if is_background => [r, g, b, 0],
            None => [r, g, b, 255],
            Some(ColourBy::BothAxes) => match (edge, is_background) {
                (Edge::Upper, false) => beliefs.like_labels(colour, value),
                (Edge::Lower, false) => beliefs.unlike_labels(colour, value),
                (Edge::Upper, true) => beliefs.background_like_labels(value),
                (Edge::Lower, true) => beliefs.background_unlike_labels(value),
            },
            Some(ColourBy::Agreement) if is_background => self.doubt.background(edge.value()),
            Some(ColourBy::Agreement) => self.doubt.foreground(colour, edge.value()),
            Some(ColourBy::RegionCodes) => {
                beliefs.region(RegionCode::new(edge == Edge::Upper, value), (!is_background).then_some(colour))
            }
            Some(ColourBy::Spread) => measure_colours::spread(value),
            Some(ColourBy::Shift) => measure_colours::shift(value),
            Some(by) => {
                // Of entropy, 0 is sure.
                let sure = if by == ColourBy::Entropy { u8::MAX - value } else { value };
                if is_background { self.doubt.background(sure) } else { self.doubt.foreground(colour, sure) }
            }
        }
    }
}

/// While one class is pointed at, the others keep a third of their weight.
const FADED: u8 = 3;

fn label_colours(classes: &ClassTable, highlight: Option<ClassId>) -> Vec<[u8; 4]> {
    (0..=ClassId::MAX)
        .zip(classes.colours())
        .map(|(id, [r, g, b])| {
            let weight = classes.get(id).map_or(255, Class::weight);
            let faded = highlight.is_some_and(|shown| shown != id);
            [r, g, b, if faded { weight / FADED } else { weight }]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::colour_space::seen::{self, EYES};
    use super::*;

    fn opaque([r, g, b]: [u8; 3]) -> [u8; 4] {
        [r, g, b, 255]
    }

    fn tables(change: impl Fn(&mut ClassTable, &mut LayerSettings)) -> ColourTables {
        let mut classes = ClassTable::from_names(&["a", "b"]).unwrap();
        let mut layers = LayerSettings::default();
        change(&mut classes, &mut layers);
        ColourTables::new(&classes, &layers)
    }

    #[test]
    fn a_hidden_class_is_hidden_in_labels_and_pseudo_labels() {
        let t = tables(|classes, _| classes.get_mut(2).unwrap().visible = false);
        assert_eq!(t.label(2)[3], 0);
        for (first, second) in [(255, None), (0, None), (0, Some(0)), (255, Some(128))] {
            assert_eq!(t.pseudo(2, first, second)[3], 0.0);
        }
        assert_eq!(t.label(1)[3], 255);
        assert!(t.pseudo(1, 0, None)[3] > 0.0);
    }

    #[test]
    fn a_half_opaque_class_has_half_the_weight_and_pointing_at_one_fades_the_others() {
        let plain = tables(|_, _| {});
        let half = tables(|classes, _| classes.get_mut(1).unwrap().set_opacity(0.5));
        assert_eq!((plain.label(1)[3], half.label(1)[3]), (255, 128));
        let [before, after] = [&plain, &half].map(|t| t.pseudo(1, 90, Some(100))[3]);
        assert!((after / before - 0.5).abs() < 0.02, "{before} {after}");
        let pointed = tables(|_, layers| layers.highlight = Some(2));
        assert_eq!((pointed.label(1)[3], pointed.label(2)[3]), (85, 255));
    }

    #[test]
    fn without_the_doubt_map_confidence_changes_nothing_and_background_is_clear() {
        let t = tables(|_, layers| layers.doubt = false);
        assert_eq!(t.pseudo(1, 0, Some(0)), t.pseudo(1, 255, Some(255)));
        assert_eq!(t.pseudo(0, 0, None)[3], 0.0);
    }

    #[test]
    fn between_the_edges_of_two_axes_colours_are_mixed_and_a_missing_second_value_is_the_upper_edge() {
        let t = tables(|_, layers| layers.doubt_by = ColourBy::BothAxes);
        let (lower, upper) = (t.pseudo(1, 90, Some(0)), t.pseudo(1, 90, Some(255)));
        let middle = t.pseudo(1, 90, Some(51));
        for i in 0..4 {
            assert!((middle[i] - (0.64 * lower[i] + 0.36 * upper[i])).abs() < 1e-12);
        }
        assert_eq!(t.pseudo(1, 90, None), upper);
    }

    #[test]
    fn what_is_trusted_is_fainter_in_the_map_of_both_axes_and_in_no_other() {
        let thresholds = DoubtThresholds { networks: 0.3, unlike_labels: 0.6 };
        let strict = DoubtThresholds { networks: 0.3, unlike_labels: 0.0 };
        let of = |by, thresholds| tables(|_, layers| (layers.doubt_by, layers.thresholds) = (by, thresholds));
        let (map, rule) = (of(ColourBy::BothAxes, thresholds), DoubtRule::new(thresholds));
        let nothing_trusted = of(ColourBy::BothAxes, strict);
        for (first, second) in [(255, 255), (200, 150), (170, 255), (255, 90), (100, 255), (20, 20)] {
            assert_eq!(map.is_faded(first, second), !rule.is_doubtful(first, second), "{first} {second}");
            assert!(!of(ColourBy::RegionCodes, thresholds).is_faded(first, second));
        }
        let weight = |t: &ColourTables| t.pseudo(1, 254, Some(250))[3];
        assert!((weight(&map) / weight(&nothing_trusted) - ColourTables::TRUSTED_WEIGHT).abs() < 0.05);
        assert_eq!((map.faded()[255][3], map.faded()[0]), (255, [0; 4]));
    }

    #[test]
    fn contours_are_told_apart_by_every_eye() {
        let [r, g, b] = ColourTables::FUSED;
        let contours = [ColourTables::NETWORK_A, ColourTables::NETWORK_B, ColourTables::NETWORKS_AGREE, [r, g, b]];
        for eye in &EYES {
            for (i, a) in contours.iter().enumerate() {
                for b in &contours[..i] {
                    let d = seen::distance(eye, opaque(*a), opaque(*b));
                    assert!(d > seen::CLEAR, "{a:?} {b:?}: {d}");
                }
            }
        }
    }

    #[test]
    fn every_line_along_an_axis_or_a_diagonal_of_a_slice_is_dashed() {
        let steps: Vec<[usize; 3]> = (0..27).map(|i| [i % 3, i / 3 % 3, i / 9]).filter(|s| s.contains(&1)).collect();
        for [dx, dy, dz] in steps {
            let along = |n: usize| Voxel::new(20 + n * dx - n, 20 + n * dy - n, 20 + n * dz - n);
            let dashes: Vec<bool> = (0..7).map(|n| ColourTables::is_dash(along(n))).collect();
            let moves = [dx, dy, dz] != [1, 1, 1];
            assert!(!moves || (dashes.contains(&true) && dashes.contains(&false)), "{dx} {dy} {dz}");
        }
    }

    #[test]
    fn with_opacity_by_confidence_what_is_surer_is_more_opaque_whatever_colours_it() {
        let of = |by: Option<ColourBy>| {
            tables(|_, layers| {
                layers.opacity_by_confidence = true;
                layers.colour_by(by);
            })
        };
        for by in [None, Some(ColourBy::BothAxes), Some(ColourBy::DualConfidence), Some(ColourBy::RegionCodes)] {
            let weights = [0, 60, 128, 255].map(|value| of(by).pseudo(1, value, Some(255))[3]);
            assert!(weights.is_sorted() && weights[0] == 0.0 && weights[3] > 0.7, "{by:?}: {weights:?}");
            assert!(!of(by).is_faded(255, 255));
        }
        let entropy = of(Some(ColourBy::Entropy));
        assert!(entropy.pseudo(1, 10, None)[3] > entropy.pseudo(1, 200, None)[3]);
    }

    #[test]
    fn entropy_looks_doubtful_where_it_is_large_and_agreement_where_there_is_none() {
        let of = |by: ColourBy| tables(|_, layers| layers.doubt_by = by);
        let (dual, entropy) = (of(ColourBy::DualConfidence), of(ColourBy::Entropy));
        assert_eq!(entropy.pseudo(1, 55, None), dual.pseudo(1, 200, None));
        assert_eq!(entropy.pseudo(0, 55, None), dual.pseudo(0, 200, None));
        let agreement = of(ColourBy::Agreement);
        for class in [0, 1] {
            assert_eq!(agreement.pseudo(class, 9, Some(255)), dual.pseudo(class, 255, None));
            assert_eq!(agreement.pseudo(class, 200, Some(0)), dual.pseudo(class, 0, None));
        }
    }

    #[test]
    fn region_codes_have_the_four_corners_of_the_map_and_background_is_clear_where_all_is_well() {
        let [codes, corners] =
            [ColourBy::RegionCodes, ColourBy::BothAxes].map(|by| tables(|_, layers| layers.doubt_by = by));
        for (margin, agree) in [(255, 255), (0, 255), (255, 0), (0, 0)] {
            let [code, corner] = [&codes, &corners].map(|t| t.pseudo(2, margin, Some(agree)));
            assert_eq!(code[..3], corner[..3]);
        }
        assert_eq!(codes.pseudo(2, 39, Some(255)), codes.pseudo(2, 255, Some(255)));
        assert_eq!(codes.pseudo(2, 38, Some(0)), codes.pseudo(2, 0, Some(0)));
        assert_eq!(codes.pseudo(0, 255, Some(255))[3], 0.0);
        assert!([(0, 255), (255, 0), (0, 0)].iter().all(|(m, a)| codes.pseudo(0, *m, Some(*a))[3] > 0.0));
    }

    #[test]
    fn a_shift_is_coloured_by_the_difference_of_its_planes_alone() {
        let t = tables(|_, layers| layers.doubt_by = ColourBy::Shift);
        assert_eq!(t.pseudo(1, 100, Some(100))[3], 0.0);
        assert_eq!(t.pseudo(1, 10, Some(60)), t.pseudo(2, 110, Some(160)));
        assert_ne!(t.pseudo(1, 60, Some(10)), t.pseudo(1, 10, Some(60)));
    }

    #[test]
    fn tables_are_rebuilt_only_when_classes_or_the_doubt_threshold_change() {
        let classes = ClassTable::from_names(&["a"]).unwrap();
        let mut layers = LayerSettings::default();
        let first = Arc::new(ColourTables::new(&classes, &layers));
        layers.label_opacity = 0.9;
        assert!(Arc::ptr_eq(&first, &first.refreshed(&classes, &layers)));
        layers.thresholds.networks = 0.9;
        let second = first.refreshed(&classes, &layers);
        layers.colour_by(Some(ColourBy::LikeLabels));
        assert!(!Arc::ptr_eq(&second, &second.refreshed(&classes, &layers)));
        layers.colour_by(Some(ColourBy::default()));
        assert!(!Arc::ptr_eq(&first, &second));
        assert_eq!(*second, ColourTables::new(&classes, &layers));
    }
}
