//! Arithmetic of directions and positions in space.

pub fn add(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| a[i] + b[i])
}

/// `a - b`: the way from `b` to `a`.
pub fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| a[i] - b[i])
}

pub fn scaled(a: [f64; 3], factor: f64) -> [f64; 3] {
    a.map(|c| c * factor)
}

pub fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Perpendicular to both; right-handed.
pub fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| {
        let (j, k) = ((i + 1) % 3, (i + 2) % 3);
        a[j] * b[k] - a[k] * b[j]
    })
}

pub fn length(a: [f64; 3]) -> f64 {
    a[0].hypot(a[1]).hypot(a[2])
}

/// The direction of `a` with length 1; `None` if it has none or is not finite.
pub fn unit(a: [f64; 3]) -> Option<[f64; 3]> {
    let length = length(a);
    // Below the normal numbers a quotient has few digits.
    (length.is_normal()).then(|| a.map(|c| c / length))
}

/// What is left of `a` without its part along the unit vector `direction`.
pub fn without(a: [f64; 3], direction: [f64; 3]) -> [f64; 3] {
    minus(a, scaled(direction, dot(a, direction)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vectors() -> impl Strategy<Value = [f64; 3]> {
        prop::array::uniform3(-10.0..10.0f64)
    }

    proptest! {
        #[test]
        fn the_cross_product_is_perpendicular_and_as_long_as_the_parallelogram_is_large(a in vectors(), b in vectors()) {
            let c = cross(a, b);
            prop_assert!(dot(c, a).abs() < 1e-9 && dot(c, b).abs() < 1e-9);
            let area = (dot(a, a) * dot(b, b) - dot(a, b).powi(2)).max(0.0).sqrt();
            prop_assert!((length(c) - area).abs() < 1e-5);
        }

        #[test]
        fn what_is_left_without_a_direction_is_perpendicular_to_it(a in vectors(), b in vectors()) {
            let Some(direction) = unit(b) else { return Ok(()) };
            prop_assert!((length(direction) - 1.0).abs() < 1e-12);
            prop_assert!(dot(without(a, direction), direction).abs() < 1e-9);
        }
    }

    #[test]
    fn the_cross_product_is_right_handed() {
        assert_eq!(cross([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]), [0.0, 0.0, 1.0]);
    }

    #[test]
    fn nothing_and_infinity_have_no_direction_but_tiny_and_huge_vectors_have() {
        assert_eq!(unit([0.0; 3]), None);
        assert_eq!(unit([f64::NAN, 1.0, 0.0]), None);
        assert_eq!(unit([f64::INFINITY, 1.0, 0.0]), None);
        assert_eq!(unit([0.0, 1e-250, 0.0]), Some([0.0, 1.0, 0.0]));
        assert_eq!(unit([0.0, 0.0, -1e250]), Some([0.0, 0.0, -1.0]));
    }
}
