"""Service groups: the shipping options that a shop shows at its checkout, and what each of them costs there."""
