"""The vocabulary that constructs, engine, command line and embedded AWS share: frozen values, no I/O.

``handoff`` names the parameters through which constructs and engine meet, ``application`` says what is built,
``environment`` what is deployed where, ``deployment`` how a deployment stands, ``plan`` what one would change.
"""
