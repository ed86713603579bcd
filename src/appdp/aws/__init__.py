"""appdp.aws"""
