"""A network on other inputs than it was trained with: how far is it still better than a simple method?"""
