"""The demo shop: a general store for home and outdoors, written and drawn for this project. `filling` puts it into an empty database."""
