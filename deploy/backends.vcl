# The replicas, for deploy/varnish.vcl.
probe ready {
    .url = "/readyz";
    .interval = 1s;
    .timeout = 1s;
    .window = 3;
    .threshold = 2;
    .initial = 2;
}
backend replica1 {
    .host = "127.0.0.1";
    .port = "8080";
    .probe = ready;
}
backend replica2 {
    .host = "127.0.0.1";
    .port = "8090";
    .probe = ready;
}
sub vcl_init {
    new shop = directors.round_robin();
    shop.add_backend(replica1);
    shop.add_backend(replica2);
}
