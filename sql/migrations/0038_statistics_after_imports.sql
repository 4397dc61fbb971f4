-- PostgreSQL looks at a table that has been filled within a minute or so; until then it may look through a whole catalog for one page. Its role
-- does not own the tables, so an import asks for it through this.
CREATE FUNCTION analyze_catalog() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    ANALYZE category, product, media, variant, variant_price, collection_product, stock;
END $$;
