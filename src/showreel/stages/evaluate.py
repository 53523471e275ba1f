"""From a trained network to its scores on the complete test split, beside those of its input and of the baselines."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from showreel.params import registry
from showreel.pipeline.lineage import Lineage
from showreel.scoring.baselines import Baseline
from showreel.scoring.chosen import Examples, choose
from showreel.scoring.tuning import Options, Pair, Scores, batches, joined, restored, score_baselines
from showreel.storage import prepared
from showreel.storage.errors import ShowreelError
from showreel.storage.fields import Split
from showreel.tasks.restoration import learning
from showreel.tasks.restoration.scores import score
from showreel.training import device, network_file
from showreel.training.prediction import predict

BATCH_VALUES = 1 << 22
"""Values of the test images that go through the network at a time."""

KINDS = ("psnr", "ssim", "mse")
"""The scores of an image, in the order in which tables have them."""

CHECKED_SPLITS: tuple[Split, ...] = ("validation", "test")


def evaluate(
    experiment: str,
    *,
    model: Path,
    reel: Path,
    degraded: Path,
    clean: Path,
    degradation: str,
    metrics: Path,
    baselines: Path,
    scores: Path,
    examples: Path,
    lineage: Lineage,
) -> None:
    """Score a network, its untouched input and every baseline on all test images.

    An input of another size than the target is scored as the baseline `nearest`; one that is the target has no score.

    Args:
        experiment: its name, for the progress bar.
        model: the trained network.
        reel: the reel file of the same training.
        degraded: the prepared file of the network's input.
        clean: the prepared file of its target; the same as `degraded` for an identity experiment.
        degradation: a file name in `degradations/`, for its baselines.
        metrics: the flat JSON file to write, numbers of six significant digits. `…_low` and `…_high` bound the 95 %
            interval of a mean (normal approximation), `baseline_…` is the baseline of the highest mean PSNR on the test
            split, `gain_db` how far the network is above it.
        baselines: the CSV file to write, one row a baseline, the strongest first: its tuned options, its mean scores.
        scores: the CSV file to write, one row a test image.
        examples: the file to write of images to look at.
        lineage: of this run.

    Raises:
        ShowreelError: a file is missing or damaged, files do not belong together, or an output is not finite.
    """
    pair = Pair(degraded, clean)
    footage = prepared.read(reel, prepared.Reel)
    _check(pair, footage, reel, model)
    with device.claimed(alone=False) as processor:
        network = network_file.load(model)
        own = _network_scores(experiment, network, model, pair)
        chosen = choose(own["psnr"])
        chosen_degraded, chosen_target = (_picked(path, chosen) for path in (degraded, clean))
        chosen_restored = np.rint(predict(network, chosen_degraded) * 255).astype(np.uint8)
    ways: Mapping[str, Baseline] = registry.module("degradations", degradation).BASELINES
    options, classical = score_baselines(ways, pair) if ways else ({}, {})
    strongest = max(classical, key=lambda name: float(classical[name]["psnr"].mean()), default="")

    def answered(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the strongest baseline's answer to degraded images; to none where there is no baseline."""
        if not strongest:
            return np.zeros((0, *footage.target.shape[1:]), np.uint8)
        return np.rint(restored(ways[strongest], options[strongest], pair, images) * 255).astype(np.uint8)

    contenders = {"": own, **_input_scores(pair, classical)}
    numbers = {"parameters": network.count_params(), **_metrics(contenders, classical.get(strongest))}
    facts = {"baselines": options, "devices": [processor], **_made(degraded)}
    kept = Examples(
        origin=lineage.origin(**facts),
        baseline_name=strongest,
        baseline=answered(footage.degraded),
        chosen=chosen,
        chosen_degraded=chosen_degraded,
        chosen_target=chosen_target,
        chosen_baseline=answered(chosen_degraded),
        chosen_restored=chosen_restored,
    )
    with lineage.publishing(examples, scores, baselines, metrics, **facts) as files:
        prepared.write(files[0], kept)
        files[1].write_text(_csv(_scores({**contenders, **classical}, clean)), encoding="utf-8")
        files[2].write_text(_csv(_baselines(options, classical)), encoding="utf-8")
        files[3].write_text(json.dumps(numbers, sort_keys=True, indent=2, allow_nan=False) + "\n")


def _check(pair: Pair, footage: prepared.Reel, reel: Path, model: Path) -> None:
    """Refuse files that do not belong together."""
    if network_file.origin(model) != footage.origin:
        raise ShowreelError(f"{reel}: is not of the training that made {model}; train again")
    for split in CHECKED_SPLITS:
        if prepared.count(pair.degraded, split) != prepared.count(pair.clean, split):
            raise ShowreelError(
                f"{pair.degraded}: its {split} split does not match {pair.clean}; run its degrade stage again"
            )
    sizes = (footage.degraded.shape[1:], footage.target.shape[1:])
    if sizes != (prepared.image_shape(pair.degraded), prepared.image_shape(pair.clean)):
        raise ShowreelError(f"{reel}: its images are not of the size of those in {pair.degraded}; train again")


def _network_scores(experiment: str, network: keras.Model, model: Path, pair: Pair) -> Scores:
    """Send the test split through the network, in parts."""
    sizes = (network.input_shape[1:], network.output_shape[1:])
    if sizes != (prepared.image_shape(pair.degraded), prepared.image_shape(pair.clean)):
        raise ShowreelError(f"{model}: is not made for the images of {pair.degraded}; train again")
    parts = []
    with tqdm(desc=f"evaluate {experiment}", unit=" images", disable=None) as progress:
        for rows in batches(pair.clean, BATCH_VALUES):
            predictions = predict(network, prepared.read_split(pair.degraded, "test", rows).images)
            if not np.isfinite(predictions).all():
                raise ShowreelError(f"{model}: its output is not finite; train again with a lower learning rate")
            parts.append(score(prepared.read_split(pair.clean, "test", rows).images, predictions))
            progress.update(len(predictions))
    return joined(parts)


def _input_scores(pair: Pair, classical: Mapping[str, Scores]) -> dict[str, Scores]:
    """Score the network's input as it is; a smaller one as the baseline `nearest`; none where it is the target."""
    if pair.degraded == pair.clean:
        return {}
    if prepared.image_shape(pair.degraded) != prepared.image_shape(pair.clean):
        return {"input": classical["nearest"]} if "nearest" in classical else {}
    parts = []
    for rows in batches(pair.clean, BATCH_VALUES):
        images = learning.unit(prepared.read_split(pair.degraded, "test", rows).images)
        parts.append(score(prepared.read_split(pair.clean, "test", rows).images, images))
    return {"input": joined(parts)}


def _made(degraded: Path) -> dict[str, Any]:
    """Return how the network's input was made, and what the labels mean, in JSON's types."""
    attributes = prepared.read_attributes(degraded)
    options, classes = json.loads(attributes.get("options", "{}")), attributes.get("classes", ())
    return {"degradation": options, "classes": [str(name) for name in classes]}


def _picked(path: Path, places: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Read some images of the test split, uint8 (k, h, w, c)."""
    return np.concatenate([prepared.read_split(path, "test", slice(place, place + 1)).images for place in places])


def _scores(contenders: Mapping[str, Scores], clean: Path) -> pd.DataFrame:
    """Return one row a test image: its label, and all scores of the network and of the others."""
    labels = np.concatenate([prepared.read_split(clean, "test", rows).labels for rows in batches(clean, BATCH_VALUES)])
    columns: dict[str, NDArray[np.generic]] = {"index": np.arange(len(labels)), "label": labels, **contenders[""]}
    columns |= {f"{name}_{kind}": values[kind] for name, values in contenders.items() if name for kind in values}
    return pd.DataFrame(columns)


def _baselines(options: Mapping[str, Options], classical: Mapping[str, Scores]) -> pd.DataFrame:
    """Return one row a baseline, the best mean PSNR first: options as JSON, means with their intervals."""
    rows = [
        {"baseline": name, "options": json.dumps(dict(options[name])), **_means("", values)}
        for name, values in classical.items()
    ]
    columns = ["baseline", "options", *(f"{kind}{end}" for kind in KINDS for end in ("", "_low", "_high"))]
    return pd.DataFrame(rows, columns=columns).sort_values("psnr", ascending=False, kind="stable")


def _csv(table: pd.DataFrame) -> str:
    return str(table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))


def _metrics(contenders: Mapping[str, Scores], strongest: Scores | None) -> dict[str, float]:
    """Return means with their intervals, and the network's gain on the strongest baseline."""
    numbers: dict[str, float] = {"count": len(contenders[""]["psnr"])}
    for name, values in contenders.items():
        numbers |= _means(f"{name}_" if name else "", values)
    if strongest:
        numbers |= _means("baseline_", strongest)
        numbers["gain_db"] = _rounded(contenders[""]["psnr"].mean() - strongest["psnr"].mean())
    return numbers


def _means(prefix: str, values: Scores) -> dict[str, float]:
    return {name: number for kind in KINDS for name, number in _mean(f"{prefix}{kind}", values[kind]).items()}


def _mean(name: str, values: NDArray[np.float64]) -> dict[str, float]:
    """Return a mean and the bounds of its 95 % interval; of a single image all three are equal."""
    mean = values.mean()
    reach = 1.96 * values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return {name: _rounded(mean), f"{name}_low": _rounded(mean - reach), f"{name}_high": _rounded(mean + reach)}


def _rounded(value: float) -> float:
    """Keep six significant digits."""
    return float(f"{value:.6g}")
