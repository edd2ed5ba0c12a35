//! The synthetic study made from a seed.
