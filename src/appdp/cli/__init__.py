"""appdp.cli"""
