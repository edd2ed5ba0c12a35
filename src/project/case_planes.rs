//! What an export writes of one case.

use super::class_origins::ClassOrigins;
use super::{Project, ProjectError, Source};
use crate::io::{NiftiGeometry, read_geometry};
use crate::label::{ClassId, Prediction, Probabilities, ProbabilityKind};
use crate::volume::{CaseId, Grid};

/// Planes on the grid of the case's image.
pub(super) struct CasePlanes {
    pub geometry: NiftiGeometry,
    pub class: Grid<ClassId>,
    /// Who said so; of labels only.
    pub origins: Option<ClassOrigins>,
    /// `round(255 p)` of the class in `class`.
    pub probabilities: Vec<(ProbabilityKind, Grid<u8>)>,
}

impl Project {
    /// `None` if the case has nothing of the source.
    pub(super) fn planes(&self, case: &CaseId, source: Source) -> Result<Option<CasePlanes>, ProjectError> {
        let geometry = read_geometry(&self.image_path(case)?)?;
        if source == Source::Labels {
            if !self.has_labels(case)? {
                return Ok(None);
            }
            let labels = self.load_labels(case, geometry.extent)?;
            if labels.known_count() == 0 {
                return Ok(None);
            }
            let (class, origins) = (labels.class().clone(), Some(ClassOrigins::of(&labels)));
            return Ok(Some(CasePlanes { geometry, class, origins, probabilities: Vec::new() }));
        }
        let Some(mut prediction) = self.load_prediction(case)? else { return Ok(None) };
        if prediction.extent() != geometry.extent {
            return Err(ProjectError::PredictionShape { case: case.clone() });
        }
        let probabilities = if source == Source::Probabilities { probabilities(&mut prediction) } else { Vec::new() };
        Ok(Some(CasePlanes { geometry, class: prediction.class, origins: None, probabilities }))
    }
}

/// The probabilities a prediction holds of its displayed class.
fn probabilities(prediction: &mut Prediction) -> Vec<(ProbabilityKind, Grid<u8>)> {
    let Probabilities { mean, scaled, np, .. } = std::mem::take(&mut prediction.probabilities);
    let planes = [
        (ProbabilityKind::Mean, Some(mean.unwrap_or_else(|| mean_of_both(prediction)))),
        (ProbabilityKind::Scaled, scaled),
        (ProbabilityKind::NeuralProcess, np),
    ];
    planes.into_iter().filter_map(|(kind, plane)| Some((kind, plane?))).collect()
}

/// For predictions of older programs: the mean over the networks of the displayed class's probability. A network that prefers another class leaves it what
/// that one does not take: exact with one foreground class, at most too high with more.
fn mean_of_both(p: &Prediction) -> Grid<u8> {
    let (a, b) = (
        p.class_a.as_slice().iter().zip(p.confidence_a.as_slice()),
        p.class_b.as_slice().iter().zip(p.confidence_b.as_slice()),
    );
    let mut mean = Grid::filled(p.extent(), 0);
    for (((mean, &class), a), b) in mean.as_mut_slice().iter_mut().zip(p.class.as_slice()).zip(a).zip(b) {
        let belief =
            |(&own, &confidence): (&ClassId, &u8)| if own == class { confidence } else { u8::MAX - confidence };
        *mean = belief(a).midpoint(belief(b));
    }
    mean
}
