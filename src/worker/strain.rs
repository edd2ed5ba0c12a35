//! What a machine is short of while it learns: power, disk, cooling. Only what the system tells.

use std::path::Path;

use starship_battery::{Manager, State};
use sysinfo::{Components, DiskRefreshKind, Disks};

/// A round's networks and the pseudo-labels of a large study take a few hundred megabytes.
const LEAST_FREE_BYTES: u64 = 1 << 30;
/// Degrees below the temperature at which the machine slows itself down or switches itself off.
const HEAT_MARGIN: f32 = 5.0;
/// The same before learning goes on: else it would stop and go.
const COOLED_MARGIN: f32 = 15.0;
/// Other critical temperatures are mistakes of the sensor, °C.
const PLAUSIBLE_CRITICAL: std::ops::RangeInclusive<f32> = 60.0..=120.0;

/// Why learning should rest, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strain {
    /// The disk of the project is nearly full.
    DiskNearlyFull,
    Hot,
    OnBattery,
}

/// What the machine is short of now. `present` is what it was short of at the last look.
pub fn strain(project_dir: &Path, present: Option<Strain>) -> Option<Strain> {
    let margin = if present == Some(Strain::Hot) { COOLED_MARGIN } else { HEAT_MARGIN };
    if free_bytes(project_dir).is_some_and(|free| free < LEAST_FREE_BYTES) {
        Some(Strain::DiskNearlyFull)
    } else if temperatures().any(|(now, critical)| now >= critical - margin) {
        Some(Strain::Hot)
    } else {
        is_on_battery().then_some(Strain::OnBattery)
    }
}

/// Of the disk that the folder is on: the one with the longest mount point above it.
fn free_bytes(dir: &Path) -> Option<u64> {
    let dir = dir.canonicalize().ok()?;
    let disks = Disks::new_with_refreshed_list_specifics(DiskRefreshKind::nothing().with_storage());
    let above = disks.list().iter().filter(|disk| dir.starts_with(disk.mount_point()) && disk.total_space() > 0);
    above.max_by_key(|disk| disk.mount_point().as_os_str().len()).map(|disk| disk.available_space())
}

/// Now and critical, of every sensor that knows both, °C.
fn temperatures() -> impl Iterator<Item = (f32, f32)> {
    let sensors = Components::new_with_refreshed_list();
    let known: Vec<_> = sensors.iter().filter_map(|sensor| Some((sensor.temperature()?, sensor.critical()?))).collect();
    known.into_iter().filter(|(_, critical)| PLAUSIBLE_CRITICAL.contains(critical))
}

/// True where a battery is being emptied; false without one.
fn is_on_battery() -> bool {
    let Ok(batteries) = Manager::new().and_then(|manager| manager.batteries()) else { return false };
    batteries.flatten().any(|battery| battery.state() == State::Discharging)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_of_a_folder_is_found_and_that_of_no_folder_is_not() {
        let folder = tempfile::tempdir().unwrap();
        // Where the system lists no disks there is nothing to ask.
        if !Disks::new_with_refreshed_list().list().is_empty() {
            assert!(free_bytes(folder.path()).is_none_or(|free| free > 0));
        }
        assert_eq!(free_bytes(&folder.path().join("nowhere")), None);
    }
}
