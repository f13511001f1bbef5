"""The same model and machine under the field's other tools, side by side with this one."""
