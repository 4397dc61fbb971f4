"""What things cost: prices, promotions, tax, delivery, gift cards."""
