"""Service that uses only documented features."""

from fastapi import APIRouter, FastAPI

from instrumentation import instrument

plain, warehouse = FastAPI(), FastAPI()
house = APIRouter(prefix="/house")


@plain.get("/items/{item_id}")
@warehouse.get("/stock/{item_id}")
async def item(item_id: int) -> dict[str, int]:
    return {"item_id": item_id}


@house.get("/shelves/{shelf_id}")
def shelf(shelf_id: int) -> dict[str, int]:
    return {"shelf_id": shelf_id}


plain.include_router(house)
plain.mount("/warehouse", warehouse)
instrument(plain)
