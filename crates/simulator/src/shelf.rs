//! Bodies packed small: a long story has hundreds of thousands of them, and each looks like the first of its kind.

use bytes::Bytes;

/// How much lies in one chunk; a chunk never moves once it is full.
const CHUNK: usize = 1 << 20;
/// The most that a sample may hold; matches reach no further back.
const SAMPLE_MAX: usize = 60_000;

/// Where a body lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    chunk: u32,
    start: u32,
    packed: u32,
    length: u32,
    sample: u32,
}

/// The packed bodies. The first body of a kind is the sample against which the others are packed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shelf {
    samples: Vec<(&'static str, Vec<u8>)>,
    chunks: Vec<Vec<u8>>,
}

impl Shelf {
    /// Packs a body of this kind.
    pub(crate) fn put(&mut self, kind: &'static str, body: &[u8]) -> Place {
        let sample = self.sample(kind, body);
        let dictionary = self.samples.get(sample).map(|(_, bytes)| bytes.as_slice()).unwrap_or_default();
        let packed = lz4_flex::block::compress_with_dict(body, dictionary);
        if self.chunks.last().is_none_or(|chunk| chunk.len() + packed.len() > CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK.max(packed.len())));
        }
        let chunk = self.chunks.len().saturating_sub(1);
        let mut start = 0;
        if let Some(last) = self.chunks.last_mut() {
            start = last.len();
            last.extend_from_slice(&packed);
        }
        Place {
            chunk: small(chunk),
            start: small(start),
            packed: small(packed.len()),
            length: small(body.len()),
            sample: small(sample),
        }
    }

    /// The body that was put there.
    pub(crate) fn get(&self, place: Place) -> Bytes {
        let unpacked = self.unpack(place);
        debug_assert!(unpacked.is_some(), "a body lies where none was put: {place:?}");
        unpacked.map(Bytes::from).unwrap_or_default()
    }

    fn unpack(&self, place: Place) -> Option<Vec<u8>> {
        let chunk = self.chunks.get(large(place.chunk))?;
        let start = large(place.start);
        let packed = chunk.get(start..start + large(place.packed))?;
        let (_, sample) = self.samples.get(large(place.sample))?;
        lz4_flex::block::decompress_with_dict(packed, large(place.length), sample).ok()
    }

    fn sample(&mut self, kind: &'static str, body: &[u8]) -> usize {
        if let Some(known) = self.samples.iter().position(|(name, _)| *name == kind) {
            return known;
        }
        let sample = body.get(..body.len().min(SAMPLE_MAX)).unwrap_or_default().to_vec();
        self.samples.push((kind, sample));
        self.samples.len() - 1
    }
}

/// A story has fewer bytes in a chunk, and fewer chunks, than 32 bits can count.
fn small(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

fn large(size: u32) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bodies_of_one_kind_take_little_room() {
        let mut shelf = Shelf::default();
        let body = |number: u32| {
            format!(r#"{{"id":"ch_{number}","object":"charge","note":"{}"}}"#, "x y z ".repeat(300))
        };
        let places: Vec<Place> =
            (0..1000).map(|number| shelf.put("charges", body(number).as_bytes())).collect();
        for (number, place) in (0..).zip(&places) {
            assert_eq!(shelf.get(*place), body(number).as_bytes());
        }
        let packed: usize = shelf.chunks.iter().map(Vec::len).sum();
        assert!(packed < 100_000, "{packed} bytes for 1000 bodies of {}", body(1).len());
    }

    proptest! {
        #[test]
        fn what_is_put_comes_back(bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 0..30)) {
            let mut shelf = Shelf::default();
            let places: Vec<Place> = bodies
                .iter()
                .enumerate()
                .map(|(number, body)| shelf.put(if number % 2 == 0 { "a" } else { "b" }, body))
                .collect();
            for (place, body) in places.iter().zip(&bodies) {
                prop_assert_eq!(&shelf.get(*place), body);
            }
        }
    }
}
