"""When to stop training a classifier, and which of its epochs was the best."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class EarlyStopping:
    """Watches a score and a loss, epoch by epoch.

    An epoch is the best so far if its score rises by more than `min_rise`, or if the score
    stays within `min_rise` and the loss falls by more than `min_fall`. Both are compared with
    the best epoch before it.

    Attributes
    ----------
    patience : int
        Epochs in a row without a new best after which to stop.
    start : int
        First epoch (from 0) whose missing the best counts.
    min_rise, min_fall : float
    best_epoch : int or None
        None until an epoch had a score that is a number.
    best_score, best_loss : float
    waited : int
        Epochs in a row, from `start` on, without a new best.

    Examples
    --------
    >>> stopping = EarlyStopping(patience=2, start=0)
    >>> [stopping.update(score, loss=1.0) for score in (0.5, 0.7, 0.7, 0.6)]
    [True, True, False, False]
    >>> stopping.should_stop, stopping.best_epoch
    (True, 1)
    """

    patience: int = 20
    start: int = 20
    min_rise: float = 1e-3
    min_fall: float = 1e-3
    best_epoch: int | None = field(default=None, init=False)
    best_score: float = field(default=float("nan"), init=False)
    best_loss: float = field(default=float("nan"), init=False)
    waited: int = field(default=0, init=False)
    _epoch: int = field(default=0, init=False)

    def update(self, score: float, loss: float) -> bool:
        """Take in the next epoch's figures and return whether it is the best so far.

        A score that is NaN is never the best.
        """
        epoch = self._epoch
        self._epoch += 1
        if self._is_best(score, loss):
            self.best_epoch, self.best_score, self.best_loss = epoch, score, loss
            self.waited = 0
            return True
        if epoch >= self.start:
            self.waited += 1
        return False

    @property
    def should_stop(self) -> bool:
        """Whether patience has run out."""
        return self.waited >= self.patience

    def _is_best(self, score: float, loss: float) -> bool:
        if self.best_epoch is None:
            return score == score
        rise = score - self.best_score
        level = abs(rise) < self.min_rise
        return rise > self.min_rise or (level and self.best_loss - loss > self.min_fall)
