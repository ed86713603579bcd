"""appdp.runtime"""
