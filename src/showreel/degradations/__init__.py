"""How a network's input is made from a data set: one file a degradation, named in params.yaml by `inputs`.

Each file offers

- `FIELDS: tuple[str, ...]`: the fields that it changes, a literal; an input's file holds these alone;
- `degrade(clean, generators, **options)`: the rows of such a field, uint8 (n, h, w, c) for images, and one
  `numpy.random.Generator` a row (draw from each before asking for the next, or, where nothing is random, ask for none)
  → rows, the same for each row whatever block it comes in;
- `BASELINES: dict[str, Baseline]`: for images, the classical ways back, which a restoring network has to beat:
  `answer(degraded, shape, **options)` with float32 (n, h, w, c) in [0, 1] and the target's (height, width) → float32
  (n, height, width, c) in [0, 1]; each with the options to try on the validation split, and the degradation's own
  options that it is told besides.

Options are keyword-only and typed. `parts/` holds what several degradations share.
"""
