"""The dashboard: what people look at, drawn from ``pipeline.views`` alone."""
