"""The frameworks behind `hotcold.influence`, one module each, imported when a model is given."""
