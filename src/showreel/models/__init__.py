"""Networks: one file a model, named in params.yaml.

Each file offers `build(input_shape, output_shape, **options) -> keras.Model`. The shapes are (height, width, channels);
the network takes uint8 values 0…255, normalises inside, and returns float32 in [0, 1] of exactly the output's size.
It raises `ValueError` with a plain sentence where the two shapes cannot fit. Options are keyword-only and typed.
Files of this folder without `build` hold what several models share.
"""
