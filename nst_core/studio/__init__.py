"""``nst studio``: a page in the browser to paint in.

Three kinds of processes work together:

- The server (``server``, ``app``, ``api``) answers the page and keeps the queue (``studio``). It
  computes nothing and imports no framework.
- The worker (``worker``) paints, one painting after another, through ``nst_core.run``.
- A process for pictures (``picture_tasks``) reads what was uploaded and writes downloads.

Everything lives in one directory (``store``). Starlette and Uvicorn, the extra ``studio``, are
imported by ``api``, ``app``, ``guard``, ``server`` and ``live`` only.
"""
