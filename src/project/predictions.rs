//! The newest prediction of a case: planes in `pseudo/CASE/` and `meta.json`, written last, with their hashes.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;

use serde::{Deserialize, Serialize};

use super::journal::sync_dir;
use super::labels::sha256_of;
use super::{Project, ProjectError};
use crate::io::{NiftiGeometry, read_mask, write_atomically, write_mask};
use crate::label::{Indecision, Prediction, Probabilities, ProbabilityKind, Provenance};
use crate::volume::{CaseId, Grid};

#[derive(Serialize, Deserialize)]
struct Meta {
    format: u32,
    #[serde(flatten)]
    provenance: Provenance,
    #[serde(default)]
    shown_probability: ProbabilityKind,
    #[serde(default)]
    np_divergence: Option<f32>,
    /// Plane name to the SHA-256 of its file.
    planes: BTreeMap<String, String>,
}

const FORMAT: u32 = 1;
const META: &str = "meta.json";

impl Project {
    /// Replaces the prediction of a case. A crash on the way leaves the case without one.
    pub fn save_prediction(&self, prediction: &Prediction, geometry: &NiftiGeometry) -> Result<(), ProjectError> {
        let case = &prediction.provenance.case;
        self.case(case)?;
        let dir = self.pseudo_dir(case);
        fs::create_dir_all(&dir).map_err(ProjectError::file("create", &dir))?;
        let meta_path = dir.join(META);
        match fs::remove_file(&meta_path).and_then(|()| sync_dir(&meta_path)) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(ProjectError::file("replace", &meta_path)(e)),
            _ => {}
        }
        let mut planes = BTreeMap::new();
        for (name, grid) in named_planes(prediction) {
            let written = write_mask(&dir.join(format!("{name}.nii.gz")), grid, geometry)?;
            planes.insert(name.to_owned(), written.sha256);
        }
        let Probabilities { shown, np_divergence, .. } = prediction.probabilities;
        let provenance = prediction.provenance.clone();
        let meta = Meta { format: FORMAT, provenance, shown_probability: shown, np_divergence, planes };
        let json = serde_json::to_vec_pretty(&meta).map_err(|e| ProjectError::unreadable(&meta_path, e))?;
        Ok(write_atomically(&meta_path, |file| file.write_all(&json))?)
    }

    /// The newest whole prediction of a case. `None` if there is none, or one is just being replaced.
    pub fn load_prediction(&self, case: &CaseId) -> Result<Option<Prediction>, ProjectError> {
        self.case(case)?;
        let path = self.pseudo_dir(case).join(META);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(ProjectError::file("read", &path)(e)),
        };
        let meta: Meta = serde_json::from_slice(&bytes).map_err(|e| ProjectError::unreadable(&path, e))?;
        if meta.format > FORMAT {
            let (found, supported) = (meta.format.into(), FORMAT.into());
            return Err(ProjectError::NewerFormat { path, found, supported });
        }
        let mut planes = BTreeMap::new();
        for (name, sha256) in &meta.planes {
            match self.whole_plane(case, name, sha256)? {
                Some(grid) => planes.insert(name.clone(), grid),
                None => return Ok(None),
            };
        }
        Ok(assemble(meta, planes))
    }

    /// Whether a prediction was written completely; its planes are checked when they are loaded.
    pub fn has_prediction(&self, case: &CaseId) -> bool {
        self.pseudo_dir(case).join(META).is_file()
    }

    /// A plane whose file is the one `meta.json` was written for.
    fn whole_plane(&self, case: &CaseId, name: &str, sha256: &str) -> Result<Option<Grid<u8>>, ProjectError> {
        let path = self.pseudo_dir(case).join(format!("{name}.nii.gz"));
        if sha256_of(&path)?.as_deref() != Some(sha256) {
            return Ok(None);
        }
        Ok(Some(read_mask(&path)?.class))
    }
}

fn named_planes(p: &Prediction) -> Vec<(&'static str, &Grid<u8>)> {
    let Probabilities { mean, scaled, np, np_std, np_information, indecision, .. } = &p.probabilities;
    let undecided = |plane: fn(&Indecision) -> &Grid<u8>| indecision.as_ref().map(plane);
    let optional = [
        ("probability", mean.as_ref()),
        ("probability_scaled", scaled.as_ref()),
        ("np_probability", np.as_ref()),
        ("np_std", np_std.as_ref()),
        ("np_information", np_information.as_ref()),
        ("entropy", undecided(|i| &i.entropy)),
        ("belief_agreement", undecided(|i| &i.belief_agreement)),
        ("jensen_shannon", undecided(|i| &i.jensen_shannon)),
        ("margin", undecided(|i| &i.margin)),
    ];
    let always = [
        ("class", &p.class),
        ("confidence_a", &p.confidence_a),
        ("confidence_b", &p.confidence_b),
        ("class_a", &p.class_a),
        ("class_b", &p.class_b),
        ("dual_confidence", &p.dual_confidence),
    ];
    always.into_iter().chain(optional.into_iter().filter_map(|(n, g)| Some((n, g?)))).collect()
}

/// `None` if a plane is missing or they differ in shape.
fn assemble(meta: Meta, mut planes: BTreeMap<String, Grid<u8>>) -> Option<Prediction> {
    let Meta { provenance, shown_probability, np_divergence, .. } = meta;
    let extent = planes.get("class")?.extent();
    if planes.values().any(|g| g.extent() != extent) {
        return None;
    }
    Some(Prediction {
        provenance,
        class: planes.remove("class")?,
        confidence_a: planes.remove("confidence_a")?,
        confidence_b: planes.remove("confidence_b")?,
        class_a: planes.remove("class_a")?,
        class_b: planes.remove("class_b")?,
        dual_confidence: planes.remove("dual_confidence")?,
        probabilities: Probabilities {
            mean: planes.remove("probability"),
            scaled: planes.remove("probability_scaled"),
            np: planes.remove("np_probability"),
            np_std: planes.remove("np_std"),
            np_information: planes.remove("np_information"),
            np_divergence,
            indecision: indecision(&mut planes),
            shown: shown_probability,
        },
    })
}

/// All of its planes, or none: older programs wrote none.
fn indecision(planes: &mut BTreeMap<String, Grid<u8>>) -> Option<Indecision> {
    Some(Indecision {
        entropy: planes.remove("entropy")?,
        belief_agreement: planes.remove("belief_agreement")?,
        jensen_shannon: planes.remove("jensen_shannon")?,
        margin: planes.remove("margin")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;

    fn prediction(f: &Fixture, step: u64) -> Prediction {
        let plane =
            |n: usize| Grid::from_fn(f.extent(), |v| u8::try_from((f.extent().index(v) * n + n) % 256).unwrap());
        Prediction {
            provenance: Provenance { case: f.case.clone(), label_revision: 3, model: "run".into(), step },
            class: plane(1),
            confidence_a: plane(2),
            confidence_b: plane(3),
            class_a: plane(4),
            class_b: plane(5),
            dual_confidence: plane(6),
            probabilities: Probabilities {
                np: (step > 1).then(|| plane(7)),
                shown: ProbabilityKind::NeuralProcess,
                np_divergence: Some(0.5),
                indecision: (step > 1).then(|| Indecision {
                    entropy: plane(8),
                    belief_agreement: plane(9),
                    jensen_shannon: plane(10),
                    margin: plane(11),
                }),
                ..Probabilities::default()
            },
        }
    }

    #[test]
    fn a_prediction_comes_back_as_it_was_and_a_newer_one_replaces_it() {
        let f = Fixture::new();
        assert_eq!(f.project.load_prediction(&f.case).unwrap(), None);
        for step in [1, 2, 1] {
            let made = prediction(&f, step);
            f.project.save_prediction(&made, &f.geometry).unwrap();
            assert_eq!(f.project.load_prediction(&f.case).unwrap(), Some(made));
            assert!(f.project.has_prediction(&f.case));
        }
    }

    #[test]
    fn a_prediction_cut_off_while_it_was_replaced_counts_as_none() {
        let f = Fixture::new();
        f.project.save_prediction(&prediction(&f, 1), &f.geometry).unwrap();
        let meta = f.project.pseudo_dir(&f.case).join(META);
        let old_meta = fs::read(&meta).unwrap();
        f.project.save_prediction(&prediction(&f, 2), &f.geometry).unwrap();
        let class = f.project.pseudo_dir(&f.case).join("class.nii.gz");
        write_mask(&class, &Grid::filled(f.extent(), 1), &f.geometry).unwrap();
        assert_eq!(f.project.load_prediction(&f.case).unwrap(), None, "one plane is another one");
        fs::remove_file(&class).unwrap();
        assert_eq!(f.project.load_prediction(&f.case).unwrap(), None, "one plane is missing");
        fs::remove_file(&meta).unwrap();
        assert_eq!(f.project.load_prediction(&f.case).unwrap(), None, "meta.json is missing");
        fs::write(&meta, &old_meta[..old_meta.len() / 2]).unwrap();
        assert!(f.project.load_prediction(&f.case).is_err(), "meta.json is damaged");
    }

    #[test]
    fn a_prediction_of_a_newer_version_is_refused() {
        let f = Fixture::new();
        f.project.save_prediction(&prediction(&f, 1), &f.geometry).unwrap();
        let meta = f.project.pseudo_dir(&f.case).join(META);
        let text = fs::read_to_string(&meta).unwrap().replace("\"format\": 1", "\"format\": 2");
        fs::write(&meta, text).unwrap();
        assert!(matches!(f.project.load_prediction(&f.case), Err(ProjectError::NewerFormat { found: 2, .. })));
    }
}
