"""All decisions, no SDK. ``ports`` names what the engine needs; ``deploy`` moves an environment to a release."""
