//! What a simulation says: how fast each policy got how far, and how much of that hangs on the time model.

use std::io::{self, Write};

use serde::Serialize;

use super::reviewer::Policy;
use super::simulation::{Course, Point};
use super::time_model::TimeModel;

#[derive(Debug, Serialize)]
pub struct Report {
    pub cases: usize,
    #[serde(flatten)]
    pub course: Course,
    pub policies: Vec<PolicyPoints>,
    /// What case-order had in the end.
    target_dice: Option<f64>,
    /// With the constants as they are, then with one of them halved or doubled. Counted again from what was done, with the
    /// training that went with it; nothing is trained anew.
    models: Vec<ModelTimes>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PolicyPoints {
    pub policy: Policy,
    pub points: Vec<Point>,
}

/// When the policies reach the target under one time model.
#[derive(Debug, Serialize)]
struct ModelTimes {
    model: String,
    /// Seconds that case-order takes altogether.
    case_order_seconds: f64,
    times: Vec<PolicyTime>,
}

#[derive(Debug, Serialize)]
struct PolicyTime {
    policy: Policy,
    /// From then on its Dice stays at the target or above; `None` if it does not get there.
    seconds: Option<f64>,
    /// Of the time that case-order takes altogether.
    share: Option<f64>,
}

impl PolicyPoints {
    /// The first point from which on the Dice never falls below the target.
    fn reaches(&self, target_dice: f64) -> Option<&Point> {
        let below = self.points.iter().rposition(|point| point.dice < target_dice);
        self.points.get(below.map_or(0, |last| last + 1))
    }
}

impl Report {
    pub fn new(cases: usize, course: Course, policies: Vec<PolicyPoints>) -> Self {
        let in_order = policies.iter().find(|p| p.policy == Policy::CaseOrder);
        let end = in_order.and_then(|p| p.points.last()).copied();
        let asked = [("as stated".to_owned(), course.model)].into_iter().chain(course.model.variants());
        let models = end.map(|end| asked.map(|(name, model)| ModelTimes::of(name, &model, &end, &policies)).collect());
        Self { cases, course, policies, target_dice: end.map(|p| p.dice), models: models.unwrap_or_default() }
    }

    pub fn print_table(&self, out: &mut dyn Write) -> io::Result<()> {
        let Course { model, steps_per_second, refresh_seconds, .. } = &self.course;
        writeln!(out, "{} cases, {:.0} simulated minutes", self.cases, self.course.seconds / 60.0)?;
        writeln!(
            out,
            "{} s per navigation, {} s per accept, {} s per brushed voxel; {steps_per_second} steps per second, \
             predictions every {refresh_seconds} s",
            model.navigation_seconds, model.accept_seconds, model.voxel_seconds
        )?;
        let head = ["Dice", "untouched", "steps", "answers", "accepts", "voxels", "waited s"];
        writeln!(out, "\n{:14}{}", "policy", head.map(|h| format!("{h:>10}")).concat())?;
        for PolicyPoints { policy, points } in &self.policies {
            let Some(end) = points.last() else { continue };
            let untouched = end.untouched_dice.map_or("-".to_owned(), |dice| format!("{dice:.3}"));
            writeln!(
                out,
                "{:14}{:>10.3}{untouched:>10}{:>10}{:>10}{:>10}{:>10}{:>10.0}",
                policy.name(),
                end.dice,
                end.steps,
                end.regions,
                end.effort.accepts,
                end.effort.brushed_voxels,
                end.waited_seconds
            )?;
        }
        self.print_times(out)
    }

    fn print_times(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(target) = self.target_dice else { return Ok(()) };
        writeln!(out, "\nminutes to Dice {target:.3}, which case-order has in the end (share of its time)")?;
        let names: String = self.policies.iter().map(|p| format!("{:>18}", p.policy.name())).collect();
        writeln!(out, "{:26}{:>12}{names}", "time model", "altogether")?;
        for ModelTimes { model, case_order_seconds, times } in &self.models {
            let cell = |time: &PolicyTime| match (time.seconds, time.share) {
                (Some(seconds), Some(share)) => format!("{:>18}", format!("{:.1} ({share:.2})", seconds / 60.0)),
                _ => format!("{:>18}", "-"),
            };
            let cells: String = times.iter().map(cell).collect();
            writeln!(out, "{model:26}{:>12.1}{cells}", case_order_seconds / 60.0)?;
        }
        Ok(())
    }
}

impl ModelTimes {
    fn of(name: String, model: &TimeModel, end: &Point, policies: &[PolicyPoints]) -> Self {
        let case_order_seconds = end.seconds_with(model);
        let time = |p: &PolicyPoints| {
            let seconds = p.reaches(end.dice).map(|point| point.seconds_with(model));
            PolicyTime { policy: p.policy, seconds, share: seconds.map(|s| s / case_order_seconds) }
        };
        Self { model: name, case_order_seconds, times: policies.iter().map(time).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::simulate::time_model::Effort;

    fn point(dice: f64, navigations: usize, waited_seconds: f64) -> Point {
        let effort = Effort { navigations, accepts: navigations, brushed_voxels: 10 * navigations };
        let seconds = TimeModel::default().seconds(&effort) + waited_seconds;
        Point { seconds, dice, untouched_dice: None, steps: 0, effort, regions: navigations, waited_seconds }
    }

    fn report() -> Report {
        let course = Course {
            seconds: 60.0,
            refresh_seconds: 20.0,
            steps_per_second: 1.0,
            seed: 1,
            model: TimeModel::default(),
        };
        let queue = vec![point(0.5, 1, 5.0), point(0.9, 2, 5.0), point(0.7, 3, 5.0), point(0.8, 4, 5.0)];
        let in_order = vec![point(0.5, 6, 0.0), point(0.8, 12, 0.0)];
        let policies = [(Policy::Queue, queue), (Policy::CaseOrder, in_order)];
        Report::new(5, course, policies.map(|(policy, points)| PolicyPoints { policy, points }).into())
    }

    #[test]
    fn a_policy_reaches_the_target_when_it_stays_there() {
        let report = report();
        assert_eq!(report.target_dice, Some(0.8));
        let stated = &report.models[0];
        assert_eq!((stated.case_order_seconds, stated.times[0].seconds), (60.0, Some(25.0)));
        let never = PolicyPoints { policy: Policy::Queue, points: vec![point(0.9, 1, 0.0), point(0.7, 2, 0.0)] };
        assert_eq!(never.reaches(0.8), None);
    }

    #[test]
    fn another_time_model_counts_the_same_deeds_again_and_leaves_waiting_as_it_was() {
        let report = report();
        let seconds = |name: &str| {
            let model = report.models.iter().find(|m| m.model == name).unwrap();
            (model.case_order_seconds, model.times[0].seconds.unwrap())
        };
        assert_eq!(report.models.len(), 7);
        assert_eq!(seconds("half the navigation"), (42.0, 19.0));
        assert_eq!(seconds("twice the accept"), (72.0, 29.0));
        assert_eq!(seconds("twice the brushed voxel"), (72.0, 29.0));
    }

    #[test]
    fn json_has_the_promised_numbers_of_every_point_and_the_table_every_policy() {
        let report = report();
        let json = serde_json::to_value(&report).unwrap();
        let point = &json["policies"][0]["points"][1];
        for key in ["seconds", "dice", "steps", "accepts", "brushed_voxels", "regions"] {
            assert!(point[key].is_number(), "{key} in {point}");
        }
        assert_eq!((&json["policies"][1]["policy"], &json["voxel_seconds"]), (&"case-order".into(), &0.1.into()));
        let mut table = Vec::new();
        report.print_table(&mut table).unwrap();
        let table = String::from_utf8(table).unwrap();
        assert!(table.contains("\nqueue ") && table.contains("0.4 (0.42)"), "{table}");
    }
}
