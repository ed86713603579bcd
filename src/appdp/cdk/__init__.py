"""appdp.cdk"""
