"""The whole way: data -> model -> sweep -> checks -> report, and how it is resumed."""
