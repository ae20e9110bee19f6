# In place of the module of setuptools, of which supervisor 4.2 uses this alone and later releases nothing: to load the
# real one is half of the processor time of each supervisorctl.

from importlib import import_module


class EntryPoint:
    def __init__(self, module, name):
        self.module = module
        self.name = name

    @classmethod
    def parse(cls, text):
        return cls(*text.partition("=")[2].split(":"))

    def resolve(self):
        return getattr(import_module(self.module), self.name)
