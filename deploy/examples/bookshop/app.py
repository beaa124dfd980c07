"""An existing application, instrumented with two lines (docs/how-to/adopt-a-service.md)."""

from fastapi import FastAPI, HTTPException

from instrumentation import instrument

app = FastAPI(title="bookshop")
telemetry = instrument(app)

BOOKS = {1: "Middlemarch", 2: "Bleak House"}


@app.get("/books/{number}")
async def book(number: int) -> dict[str, str]:
    """Return the title of a book."""
    if number not in BOOKS:
        raise HTTPException(404, f"no book {number}")
    return {"title": BOOKS[number]}
