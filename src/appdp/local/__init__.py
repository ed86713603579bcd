"""appdp.local"""
