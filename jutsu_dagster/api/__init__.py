"""The REST API: thin routes over ``pipeline.views``, and what makes them safe and cheap."""
