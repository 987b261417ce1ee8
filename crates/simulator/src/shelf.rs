//! Bodies packed small, and most of them in a file: a long story has hundreds of thousands, and each looks like the first
//! of its kind.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;

/// How much lies in one chunk; a full one goes to the file.
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
    chunks: Vec<Chunk>,
    /// Where full chunks lie. It goes with the last that reads it.
    file: Option<Arc<File>>,
    /// How much lies there.
    filed: u64,
}

#[derive(Debug, Clone)]
enum Chunk {
    /// The last one; and others, where no file can be written.
    Here(Vec<u8>),
    /// From there on in the file.
    Filed(u64),
}

impl Shelf {
    /// Packs a body of this kind.
    pub(crate) fn put(&mut self, kind: &'static str, body: &[u8]) -> Place {
        let sample = self.sample(kind, body);
        let dictionary = self.samples.get(sample).map(|(_, bytes)| bytes.as_slice()).unwrap_or_default();
        let packed = lz4_flex::block::compress_with_dict(body, dictionary);
        let start = self.append(&packed);
        let chunk = self.chunks.len().saturating_sub(1);
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
        let start = large(place.start);
        let packed = match self.chunks.get(large(place.chunk))? {
            Chunk::Here(bytes) => bytes.get(start..start + large(place.packed))?.to_vec(),
            Chunk::Filed(offset) => {
                let mut packed = vec![0; large(place.packed)];
                self.file.as_ref()?.read_exact_at(&mut packed, offset + u64::from(place.start)).ok()?;
                packed
            }
        };
        let (_, sample) = self.samples.get(large(place.sample))?;
        lz4_flex::block::decompress_with_dict(&packed, large(place.length), sample).ok()
    }

    /// Adds to the last chunk, and says where in it.
    fn append(&mut self, packed: &[u8]) -> usize {
        match self.chunks.last_mut() {
            Some(Chunk::Here(last)) if last.len() + packed.len() <= CHUNK => {
                let start = last.len();
                last.extend_from_slice(packed);
                start
            }
            _ => {
                self.file_last();
                self.chunks.push(Chunk::Here(packed.to_vec()));
                0
            }
        }
    }

    /// Moves the last chunk to the file; it stays where it is when that fails.
    fn file_last(&mut self) {
        let Some(chunk) = self.chunks.last_mut() else { return };
        let Chunk::Here(bytes) = chunk else { return };
        if self.file.is_none() {
            self.file = tempfile::tempfile().ok().map(Arc::new);
        }
        let Some(file) = &self.file else { return };
        if file.write_all_at(bytes, self.filed).is_ok() {
            let offset = self.filed;
            self.filed += u64::try_from(bytes.len()).unwrap_or_default();
            *chunk = Chunk::Filed(offset);
        }
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
        let packed: u32 = places.iter().map(|place| place.packed).sum();
        assert!(packed < 100_000, "{packed} bytes for 1000 bodies of {}", body(1).len());
    }

    #[test]
    fn full_chunks_lie_in_a_file_and_come_back_from_there() {
        let mut shelf = Shelf::default();
        let mut seed = 1_u64;
        let mut noise = |_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            seed.to_be_bytes()
        };
        let bodies: Vec<Vec<u8>> = (0..5).map(|_| (0..CHUNK / 16).flat_map(&mut noise).collect()).collect();
        let places: Vec<Place> = bodies.iter().map(|body| shelf.put("noise", body)).collect();
        let filed = shelf.chunks.iter().filter(|chunk| matches!(chunk, Chunk::Filed(_))).count();
        assert_eq!(filed, shelf.chunks.len() - 1);
        for (place, body) in places.iter().zip(&bodies) {
            assert_eq!(&shelf.get(*place), body);
        }
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
