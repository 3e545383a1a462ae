"""Scores of a classifier: balanced accuracy, AUROC, average precision, F1, MCC and loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn import metrics

from mirage_core.measure.confusion import Confusion

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClassificationScores:
    """What a classifier reached on a test set.

    Attributes
    ----------
    loss : float
        Cross-entropy.
    balanced_accuracy : float
        Mean of the recalls of the classes that occur.
    auroc, average_precision : float
        One class against the rest on softmax probabilities, weighted by how often each class
        occurs. AUROC is NaN if only one class occurs.
    f1 : float
        Weighted by how often each class occurs.
    mcc : float
        Matthews' correlation coefficient, 0 if truth or answers are all of one class.
    """

    loss: float
    balanced_accuracy: float
    auroc: float
    average_precision: float
    f1: float
    mcc: float


def classification_scores(
    logits: NDArray[np.floating], target: NDArray[np.integer], *, batch_size: int | None = None
) -> ClassificationScores:
    """Return the scores of a classifier's answers.

    Parameters
    ----------
    logits : float array ``[image, class]``
    target : integer array ``[image]``
        True class numbers.
    batch_size : int or None
        Published losses are means of batches' means, so that images of a last, smaller batch
        weigh more; this is the size of those batches. None: the mean over all images.

    Raises
    ------
    ValueError
        If there is no image, the shapes do not belong together, a class number has no logit,
        or a logit is not finite.
    """
    if logits.ndim != 2 or target.shape != logits.shape[:1] or not len(target):
        raise ValueError(f"logits {logits.shape} and classes {target.shape} of no common images")
    if not np.isfinite(logits).all():
        raise ValueError("some logits are not finite; the model did not converge or overflowed")
    n_classes = logits.shape[1]
    log_p = np.asarray(log_softmax(logits.astype(np.float64), axis=1))
    answers = logits.argmax(1)
    confusion = Confusion.of(answers, target, n_classes)
    support = confusion.truth
    occurs = support > 0
    is_class = (target[:, None] == np.arange(n_classes))[:, occurs]
    p = np.exp(log_p)[:, occurs]
    loss = -np.take_along_axis(log_p, target[:, None].astype(np.intp), 1)[:, 0]
    return ClassificationScores(
        loss=_mean_of_batch_means(loss, batch_size or len(loss)),
        balanced_accuracy=confusion.balanced_accuracy,
        auroc=(
            float(metrics.roc_auc_score(is_class, p, average="weighted"))
            if occurs.sum() > 1
            else float("nan")
        ),
        average_precision=float(metrics.average_precision_score(is_class, p, average="weighted")),
        f1=float(metrics.f1_score(target, answers, average="weighted", zero_division=0.0)),
        mcc=float(metrics.matthews_corrcoef(target, answers)),
    )


def _mean_of_batch_means(per_image: F64, batch_size: int) -> float:
    starts = range(0, len(per_image), batch_size)
    return float(np.mean([per_image[i : i + batch_size].mean() for i in starts]))
