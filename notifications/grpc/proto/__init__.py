"""The `.proto` files as they are shipped, and what is generated from them beside."""
