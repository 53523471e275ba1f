"""How a network's input is made from clean images: one file a degradation, named in params.yaml.

Each file offers

- `degrade(clean, generators, **options)`: uint8 (n, h, w, c) and one `numpy.random.Generator` an image (draw from each
  before asking for the next, or, where nothing is random, ask for none) → uint8 (n, h', w', c), the same for each image
  whatever block it comes in;
- `BASELINES: dict[str, Baseline]`: the classical ways back, which a network has to beat; each with the options to try
  on the validation split, and the degradation's own options that it is told besides.

Options are keyword-only and typed. `clean` is the exception: it has no `degrade`, since the prepare stage itself
writes the untouched images. Files of this folder without `BASELINES` hold what several degradations share.
"""
