"""A managed JupyterHub beside an open neurophysiology archive.

Settings go in (`settings`, from ``hub.toml``), configuration comes out: for JupyterHub
(`configure`), for Helm, Terraform and the docs (`render`), for one machine (`local`).
"""
