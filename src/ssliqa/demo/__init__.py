"""The main job on embedded data: rendered photographs, a simulated panel of raters, one page.

Scenes come from photographs that ship inside installed packages and from procedural scenes;
:mod:`~ssliqa.demo.distortions` takes a picture of them with a faulty camera,
:mod:`~ssliqa.demo.raters` lets a simulated panel vote, :mod:`~ssliqa.demo.photographs` writes the
files and :mod:`~ssliqa.demo.page` shows what came of it. Nothing here touches the network.
"""
