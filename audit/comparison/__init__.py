"""Three or more audits side by side: which of their claims were measured alike."""

from audit.comparison.models import MODELS, ModelRow, ModelsTable, save_models, tabulate

__all__ = ["MODELS", "ModelRow", "ModelsTable", "save_models", "tabulate"]
