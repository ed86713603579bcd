"""All decisions, no SDK. ``ports`` names what the engine needs from AWS; ``deploy`` moves an environment to a release."""
