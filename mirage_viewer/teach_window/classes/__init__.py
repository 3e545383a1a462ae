"""The Teach window's page for classes: its three cards, tied to the desk by the binding."""
