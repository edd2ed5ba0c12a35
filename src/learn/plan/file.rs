//! `plan.toml`: every field with a line that says what it is, and back.

use std::fs;
use std::path::Path;

use super::Plan;
use crate::learn::error::LearnError;

/// What the fields are, in the words of the file; a field that is not here is not one of a plan.
const FIELDS: &[(&str, &str)] = &[
    ("method", "supervised, mean-teacher, cps, dual-confidence, dual-confidence-np or dual-confidence-np-literal"),
    ("classes", "class numbers in the order of the networks' channels, background first; those of the project"),
    ("spacing_mm", "voxel size that volumes are brought to, mm along x, y, z; without it each keeps its own"),
    ("patch", "voxels of a crop along x, y, z; divisible by what the network halves"),
    ("base_width", "channels of the first level; every level doubles them"),
    ("levels", "levels of the network"),
    ("strides", "what each step to the next level divides the grid by along x, y, z: 1 or 2"),
    ("network_a", "v-net, resv-net or resnet34-v"),
    ("network_b", "the same for the second network; its random start differs"),
    ("storage", "how activations are kept on a GPU: f32 or f16"),
    ("normalisation", "of activations: instance or batch"),
    ("batch_labelled", "crops per step around labelled voxels"),
    ("batch_unlabelled", "crops per step anywhere; none for supervised"),
    ("labelled_crops", "around-labels, or anywhere like the unlabelled ones"),
    (
        "labelled_cases",
        "only so many labelled cases, the first of the project, are learnt from as such; all if missing",
    ),
    ("recompute", "compute convolutions again for their gradient: half of the memory, more time"),
    ("total_steps", "steps of the run"),
    ("learning_rate", "at the first step; falls to a hundredth at the last"),
    ("momentum", "of the gradient descent, below 1"),
    ("weight_decay", "share of the weights added to their gradient"),
    ("gradient_clip", "largest norm of a network's gradient"),
    ("channel_dropout", "share of channels left out of a step, below 1"),
    ("unsupervised_weight", "largest weight of the unlabelled voxels"),
    ("ramp_up_steps", "steps until they have it"),
    ("ramp_stair_steps", "the weight rises every so many steps"),
    ("unlabelled_view", "what pseudo-labels are made from: same, plain or cut-mix"),
    (
        "confidence",
        "weight of a pseudo-label: product, raw-product, min, geometric-mean, peer-entropy-gate, prototype-similarity, single, off",
    ),
    (
        "least_confidence",
        "dual confidence from which a pseudo-label is learnt, whatever weighs it, below 1; 0 learns all (dual-confidence)",
    ),
    ("gamma_ramp_steps", "steps until the learner's belief counts in full (dual-confidence)"),
    ("intensities", "clipped: z-score without the darkest and brightest half percent; z-score; or as-stored"),
    ("predict_body_only", "air far from the body is background without asking the networks"),
    ("window_stride", "voxels from one window to the next at prediction along x, y, z; half a patch if missing"),
    ("window_weighting", "gaussian: windows count most in their middle; mean: everywhere the same"),
    (
        "evaluate_every",
        "steps from one score of the held-out cases to the next; if missing, as often as the time allows",
    ),
    ("seed", "of everything random"),
    ("calibration", "on: some labels are kept from training to fit temperatures; off: all are learnt from"),
    ("reserved", "which labels: whole cases, or slabs of slices; chosen by the seed if missing"),
    ("reserved.case", "a case that is kept from training: whole, or the slab below"),
    ("reserved.slab.axis", "axis of the voxels that the slices are counted along: 0, 1 or 2"),
    ("reserved.slab.first", "first slice"),
    ("reserved.slab.end", "the slice after the last one"),
    ("rounds.length", "steps of every round of live learning but the first"),
    ("rounds.begin", "step at which the present round began"),
    ("rounds.from", "share of their weight that unlabelled voxels began it with"),
    ("neural_process.weight", "of the neural process beside the networks' losses; leave out the section for none"),
    ("neural_process.kl_weight", "of the divergence between all voxels and the labelled ones"),
    ("neural_process.pseudo_weight", "of pseudo-labelled voxels in its likelihood; 0 learns from human labels only"),
    ("neural_process.calibration_weight", "of its distillation into the networks"),
    ("neural_process.samples", "latent draws per step"),
    ("neural_process.samples_shown", "latent draws per prediction"),
    ("neural_process.warm_up_steps", "steps in which it learns from labelled voxels only"),
    ("neural_process.gradient_clip", "largest norm of its gradient"),
    ("augmentation.rotation_deg", "largest rotation about each axis, degrees; 0 is off, as below"),
    ("augmentation.scale", "largest relative change of size, below 1"),
    ("augmentation.mirror_axes", "left-right, anterior-posterior, head-feet: where a mirror image is as likely"),
    ("augmentation.quarter_turns", "turn by quarters in the x-y plane, then always flip along x or y"),
    ("augmentation.noise", "largest standard deviation of added noise, in standard deviations of the image"),
    (
        "augmentation.perturbation",
        "standard deviation of noise that pseudo-labels are made without; clipped at twice that",
    ),
    ("augmentation.blur", "largest standard deviation of the blur, voxels of the finest axis"),
    ("augmentation.low_resolution", "largest share of the resolution lost, below 1"),
    ("augmentation.contrast", "largest relative change of contrast, below 1"),
    ("augmentation.brightness", "largest shift of brightness, in standard deviations of the image"),
    ("augmentation.gamma", "largest logarithm of gamma"),
];

impl Plan {
    /// The file's text: one comment line above each field.
    pub fn to_commented_toml(&self) -> Result<String, toml::ser::Error> {
        let mut text = String::new();
        let mut section = String::new();
        for line in toml::to_string(self)?.lines() {
            if line.starts_with('[') {
                section = format!("{}.", line.trim_matches(['[', ']']));
            } else if let Some((key, _)) = line.split_once(" = ")
                && let Some((_, comment)) = FIELDS.iter().find(|(field, _)| *field == format!("{section}{key}"))
            {
                text += &format!("# {comment}\n");
            }
            text += &format!("{line}\n");
        }
        Ok(text)
    }

    /// Reads and checks a plan that may have been edited, for a study with these classes.
    pub fn read(path: &Path, classes: &[u8]) -> Result<Self, LearnError> {
        let refused = |reason: String| LearnError::Plan { path: path.to_owned(), reason };
        let text = fs::read_to_string(path).map_err(|e| refused(e.to_string()))?;
        let plan = Self::parse(&text).map_err(refused)?;
        plan.check(classes).map_err(refused)?;
        Ok(plan)
    }

    /// The plan with some fields changed, each `field=value` (or `section.field=value`); `section=off` leaves one out.
    pub fn with_changes(&self, changes: &[String], classes: &[u8]) -> Result<Self, LearnError> {
        let refused = |change: &str, reason: String| LearnError::PlanChange { change: change.to_owned(), reason };
        let mut plan = self.clone();
        for change in changes {
            plan = plan.changed(change).map_err(|reason| refused(change, reason))?;
            plan.check(classes).map_err(|reason| refused(change, reason))?;
        }
        Ok(plan)
    }

    fn changed(&self, change: &str) -> Result<Self, String> {
        let (field, value) = change.split_once('=').ok_or("it is not of the form field=value")?;
        if field == "method" {
            return Err("the method shapes the whole plan; choose it with --method".into());
        }
        let mut table = toml::Table::try_from(self).map_err(|e| e.to_string())?;
        let (section, key) = field.rsplit_once('.').unwrap_or(("", field));
        let inside = match section {
            "" => &mut table,
            name => table.get_mut(name).and_then(toml::Value::as_table_mut).ok_or(format!("there is no '{name}'"))?,
        };
        if value == "off" && inside.get(key).is_some_and(toml::Value::is_table) {
            inside.remove(key);
        } else {
            inside.insert(key.to_owned(), parsed_value(value));
        }
        Self::parse(&toml::to_string(&table).map_err(|e| e.to_string())?)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let at_line = |e: toml::de::Error| {
            let before = e.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            format!("line {}: {}", before.matches('\n').count() + 1, e.message().replace('\n', " "))
        };
        let table: toml::Table = toml::from_str(text).map_err(at_line)?;
        match unknown_field(&table, "") {
            Some(field) => Err(format!("it has a field '{field}', which no plan has; correct or remove it")),
            None => toml::from_str(text).map_err(at_line),
        }
    }
}

/// A number, list or switch; anything else is a word.
fn parsed_value(text: &str) -> toml::Value {
    let table: Result<toml::Table, _> = toml::from_str(&format!("value = {text}"));
    table.ok().and_then(|mut t| t.remove("value")).unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

/// The first field of a table that no plan has.
fn unknown_field(table: &toml::Table, section: &str) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        let field = format!("{section}{key}");
        let inner = format!("{field}.");
        match value {
            toml::Value::Table(table) if is_section(&inner) => unknown_field(table, &inner),
            toml::Value::Array(entries) if is_section(&inner) => {
                entries.iter().filter_map(toml::Value::as_table).find_map(|table| unknown_field(table, &inner))
            }
            _ => (!FIELDS.iter().any(|(known, _)| *known == field)).then_some(field),
        }
    })
}

fn is_section(name: &str) -> bool {
    FIELDS.iter().any(|(known, _)| known.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::data::{ReservedCase, Slab};
    use crate::learn::method::Confidence;
    use crate::learn::plan::Fingerprint;
    use crate::learn::settings::TrainSettings;

    fn plan() -> Plan {
        let f = Fingerprint { extents: vec![[64; 3]], classes: vec![0, 3], ..Fingerprint::default() };
        Plan::new(&f, &TrainSettings::default())
    }

    fn reserved() -> Vec<ReservedCase> {
        let slab = Some(Slab { axis: 2, first: 3, end: 8 });
        vec![ReservedCase { case: "a".into(), slab }, ReservedCase { case: "b".into(), slab: None }]
    }

    #[test]
    fn the_file_explains_every_field_and_gives_the_plan_back() {
        let plan = Plan { reserved: Some(reserved()), spacing_mm: Some([1.0, 1.0, 2.5]), ..plan() };
        let mut plan = plan;
        plan.begin_round(9);
        let text = plan.to_commented_toml().unwrap();
        assert_eq!(Plan::parse(&text).unwrap(), plan);
        let lines: Vec<&str> = text.lines().collect();
        let fields = (0..lines.len()).filter(|&i| !lines[i].starts_with(['#', '[']) && lines[i].contains(" = "));
        let bare: Vec<&str> = fields.filter(|&i| i == 0 || !lines[i - 1].starts_with("# ")).map(|i| lines[i]).collect();
        assert!(bare.is_empty(), "fields without a word: {bare:?}");
    }

    #[test]
    fn a_field_that_no_plan_has_is_refused_by_its_name_wherever_it_is() {
        let text = plan().to_commented_toml().unwrap();
        for (edited, name) in [
            (format!("paths = 3\n{text}"), "'paths'"),
            (text.replace("noise =", "noises ="), "'augmentation.noises'"),
            (format!("{text}\n[[reserved]]\ncase = 'a'\nslice = 1\n"), "'reserved.slice'"),
            (format!("{text}\n[more]\nx = 1\n"), "'more'"),
        ] {
            assert!(Plan::parse(&edited).unwrap_err().contains(name), "{name}");
        }
    }

    #[test]
    fn single_fields_can_be_changed_and_sections_left_out() {
        let change = |changes: &[&str]| {
            let changes: Vec<String> = changes.iter().map(|c| (*c).to_owned()).collect();
            plan().with_changes(&changes, &[0, 3])
        };
        let changed = change(&["confidence=single", "augmentation.noise=0.5", "batch_labelled=3"]).unwrap();
        assert_eq!((changed.confidence, changed.augmentation.noise), (Confidence::Single, 0.5));
        assert_eq!(changed.batch_labelled, 3);
        assert!(change(&["neural_process=off"]).unwrap().neural_process.is_none());
        for (wrong, named) in
            [("momentum", "field=value"), ("patch=3", "patch"), ("colour=1", "colour"), ("levels=9", "levels")]
        {
            assert!(change(&[wrong]).unwrap_err().to_string().contains(named), "{wrong}");
        }
    }

    #[test]
    fn a_wrong_word_is_named_with_its_line() {
        let text = plan().to_commented_toml().unwrap();
        let wrong = text.replace("\"dual-confidence-np\"", "\"certainty\"");
        let refused = Plan::parse(&wrong).unwrap_err();
        assert!(refused.contains("line 2") && refused.contains("certainty"), "{refused}");
        assert!(Plan::parse(&text.replace("momentum", "# momentum")).unwrap_err().contains("momentum"));
    }

    #[test]
    fn a_plan_is_read_for_the_classes_of_its_study_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.toml");
        assert!(Plan::read(&path, &[0, 3]).unwrap_err().to_string().contains("plan.toml"));
        fs::write(&path, plan().to_commented_toml().unwrap()).unwrap();
        assert_eq!(Plan::read(&path, &[0, 3]).unwrap(), plan());
        assert!(Plan::read(&path, &[0, 1]).unwrap_err().to_string().contains("'classes'"));
    }
}
