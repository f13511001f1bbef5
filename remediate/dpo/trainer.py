"""TRL's DPO trainer with our losses, our stopping rule and our checks.

Why a subclass and not a loop of our own: what TRL and transformers do around the loss (DDP,
DeepSpeed, FSDP, checkpoints with optimiser and random states, resuming) is exactly what is wanted;
only the loss, the batch's columns and the validation differ (docs/repair.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from transformers import TrainerCallback
from trl import DPOTrainer

from core.errors import EnvironmentProblem
from remediate.counterfactual_data.pairs import Kind
from remediate.dpo import losses
from remediate.dpo.config import TrainingConfig
from remediate.dpo.encode import GROUPS, KINDS
from remediate.dpo.losses import LogProbs
from remediate.dpo.monitor import Validation, validation_bias
from remediate.dpo.reference import lengths, pair_logps


class RepairTrainer(DPOTrainer):  # type: ignore[misc]
    """Trains on encoded pairs with precomputed reference log-probabilities.

    ``ids`` are the pairs' ids by row, to name them in an error; ``probes`` the names that the
    column ``probe`` indexes; ``validation`` is what training is stopped by.
    """

    def __init__(
        self,
        *,
        settings: TrainingConfig,
        ids: Sequence[str],
        probes: Sequence[str],
        validation: Validation = validation_bias,
        **rest: Any,
    ) -> None:
        self.settings = settings
        self._ids = ids
        self._probes = probes
        self._validation = validation
        super().__init__(**rest)

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        return dataset  # encoded already, by the renderer the audit uses

    def _set_signature_columns_if_needed(self) -> None:
        self._signature_columns = None

    optimizer: Any
    control: Any

    def create_optimizer(self, model: Any = None) -> Any:
        if self.settings.tuner == "lora+" and self.optimizer is None:
            from torch.optim import AdamW

            from remediate.lora.tuners import lora_plus_groups

            self.optimizer = AdamW(
                lora_plus_groups(model or self.model, self.settings),
                weight_decay=self.args.weight_decay,
            )
        return super().create_optimizer(model)

    def _compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool) -> Any:
        chosen, rejected = pair_logps(model, inputs)
        n_chosen, n_rejected = lengths(inputs)
        lp = LogProbs(
            chosen=chosen,
            rejected=rejected,
            ref_chosen=inputs["ref_chosen_logps"],
            ref_rejected=inputs["ref_rejected_logps"],
            chosen_length=n_chosen,
            rejected_length=n_rejected,
        )
        each = pair_losses(lp, inputs["kind"], inputs["target"], self.settings)
        self._refuse_nan(each, inputs["row"])
        loss = (each * inputs["weight"]).mean()
        self._note("train" if self.model.training else "eval", lp, inputs["kind"], each)
        return (loss, {}) if return_outputs else loss

    def _refuse_nan(self, each: Any, rows: Any) -> None:
        import torch

        bad = ~torch.isfinite(each.detach())
        if bool(bad.any()):
            names = [self._ids[row] for row in rows[bad].tolist()][:3]
            raise EnvironmentProblem(
                f"The loss is not a number at step {self.state.global_step + 1}, on the pairs "
                f"{', '.join(names)}: lower --learning-rate, or look at these pairs in pairs.jsonl."
            )

    def _note(self, mode: str, lp: LogProbs, kinds: Any, each: Any) -> None:
        """Mean loss by kind and the twins' mean |margin|, over all processes.

        Sums and counts of every kind are reduced together: a process whose batch lacks a kind
        still takes part, or the others would wait for it for ever.
        """
        import torch

        values = torch.stack([each.detach(), lp.margin.detach().abs()]).float()
        masks = torch.stack([kinds == index for index in range(len(KINDS))]).float()
        sums = torch.cat([values @ masks.T, masks.sum(dim=1).unsqueeze(0)])
        loss, margin, count = self.accelerator.reduce(sums, "sum").tolist()
        for index, kind in enumerate(KINDS):
            if count[index]:
                self._metrics[mode][f"loss/{kind.value}"].append(loss[index] / count[index])
        twin = KINDS.index(Kind.TWIN)
        if count[twin]:
            self._metrics[mode]["twin_margin"].append(margin[twin] / count[twin])

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """|bias| of the validation pairs (:mod:`remediate.dpo.monitor`)."""
        import torch

        model = self.model_wrapped
        was_training = model.training
        model.eval()
        margins, groups, probes = [], [], []
        with torch.no_grad():
            for batch in self.get_eval_dataloader(eval_dataset):
                inputs = self._prepare_inputs(batch)
                chosen, rejected = pair_logps(model, inputs)
                rows = (chosen - rejected, inputs["group"], inputs["probe"])
                m, g, p = self.accelerator.gather_for_metrics(rows)
                margins += m.float().tolist()
                groups += [GROUPS[i] for i in g.tolist()]
                probes += [self._probes[i] for i in p.tolist()]
        model.train(was_training)
        found = self._validation(margins, groups, probes).to_json()
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in found.items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics


def pair_losses(lp: LogProbs, kinds: Any, targets: Any, config: TrainingConfig) -> Any:
    """The loss of every pair by its kind, shape (batch,)."""
    import torch

    # Of twins and of what a picture shows the loss is the one asked for.
    asked = _asked_loss(lp, targets, config)
    neutral = losses.sigmoid_sft(lp, beta=config.beta, sft_weight=config.sft_weight)
    anchor = losses.stay(lp, delta=config.delta)
    by_kind = {Kind.TWIN: asked, Kind.NEUTRAL: neutral, Kind.ANCHOR: anchor, Kind.SHOWN: asked}
    return torch.stack([by_kind[kind] for kind in KINDS]).gather(0, kinds.unsqueeze(0)).squeeze(0)


def _asked_loss(lp: LogProbs, targets: Any, config: TrainingConfig) -> Any:
    if config.loss == "parity":
        return losses.parity(lp, target=targets, keep=config.keep, delta=config.delta)
    if config.loss == "robust":
        return losses.robust(lp, beta=config.beta, label_smoothing=config.label_smoothing)
    if config.loss == "sigmoid_sft":
        return losses.sigmoid_sft(lp, beta=config.beta, sft_weight=config.sft_weight)
    return losses.BY_BETA[config.loss](lp, beta=config.beta)


class ReloadCheck(TrainerCallback):  # type: ignore[misc]
    """Reads every saved adapter back once and compares it with the one in memory."""

    def on_save(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        if not state.is_world_process_zero:
            return
        from pathlib import Path

        from remediate.lora.saved import check_saved

        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        check_saved(folder, rest["model"])
