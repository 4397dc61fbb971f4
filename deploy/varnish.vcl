vcl 4.1;
# Varnish in front of any number of replicas. Needs Debian's varnish and varnish-modules (xkey), and the parameter http_gzip_support=off, since
# the shop compresses its pages itself:
#   varnishd -a :80 -f /etc/varnish/varnish.vcl -p http_gzip_support=off -p vcl_path=/etc/varnish -s malloc,1g
# backends.vcl declares the replicas (see deploy/backends.vcl). Tell the shop: edge.purge_urls = ["http://this-host/"].

import directors;
import std;
import vsthrottle;
import xkey;

include "backends.vcl";

# Who may purge: the replicas.
acl purgers {
    "localhost";
    "127.0.0.0"/8;
    "::1";
}

sub vcl_recv {
    set req.backend_hint = shop.backend();
    if (req.restarts == 0) {
        unset req.http.X-Kept;
    }

    if (req.method == "PURGE") {
        # Through a proxy on this host, which adds the address it speaks for, everybody would come from here.
        if (client.ip !~ purgers || req.http.X-Forwarded-For ~ ",") {
            return (synth(403, "Not allowed"));
        }
        if (req.http.xkey-purge == "everything") {
            ban("req.url ~ .");
            return (synth(200, "Everything"));
        }
        set req.http.dropped = xkey.purge(req.http.xkey-purge);
        return (synth(200, "Purged " + req.http.dropped));
    }

    # For operators and balancers, not for the public; also not spelled differently (/%6detrics): nothing of ours begins so.
    if (req.url ~ "^/(metrics|livez|readyz)([/?]|$)" || req.url ~ "^/[^/?]*%") {
        return (synth(404, "Not found"));
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }

    # What may be kept is listed; all else is passed on. So /account/x.css is never kept, whatever it ends in.
    if (req.url !~ "^/(\?|$)" &&
        req.url !~ "^/(p|c|collections|static|media)/" &&
        req.url !~ "^/search(/suggest)?(\?|$)" &&
        req.url !~ "^/api/v1/(products|categories|collections|search)([/?]|$)" &&
        req.url !~ "^/(sitemap[a-z0-9-]*\.xml|robots\.txt)(\?|$)") {
        return (pass);
    }

    # These pages are the same for everybody: nothing of the shopper reaches the replica, and nothing that is not in the key.
    unset req.http.Cookie;
    unset req.http.Authorization;
    unset req.http.X-Forwarded-Host;
    unset req.http.X-Forwarded-Proto;
    unset req.http.X-Original-URL;
    unset req.http.X-Rewrite-URL;
    unset req.http.X-HTTP-Method-Override;
    unset req.http.Forwarded;
    unset req.http.Range;

    # One key for one page: no parameters of advertisers, and the others in order.
    if (req.url ~ "\?") {
        set req.url = regsuball(req.url, "([?&])(utm_[a-z_]+|gclid|fbclid|msclkid|mc_[a-z]+|_ga)=[^&]*", "\1");
        set req.url = regsuball(req.url, "&&+", "&");
        set req.url = regsub(req.url, "\?&", "?");
        set req.url = regsub(req.url, "[?&]+$", "");
        set req.url = std.querysort(req.url);
    }
    set req.http.Accept-Encoding = std.tolower(regsuball(req.http.Accept-Encoding, "[ \t]", ""));
    # Static files are packed once, as br and gzip.
    if (req.url !~ "^/static/" &&
        req.http.Accept-Encoding ~ "(^|[ ,])zstd([ ,;]|$)" && req.http.Accept-Encoding !~ "zstd;q=0(\.0*)?([ ,]|$)") {
        set req.http.Accept-Encoding = "zstd";
    } elsif (req.http.Accept-Encoding ~ "(^|[ ,])br([ ,;]|$)" && req.http.Accept-Encoding !~ "br;q=0(\.0*)?([ ,]|$)") {
        set req.http.Accept-Encoding = "br";
    } elsif (req.http.Accept-Encoding ~ "gzip" && req.http.Accept-Encoding !~ "gzip;q=0(\.0*)?([ ,]|$)") {
        set req.http.Accept-Encoding = "gzip";
    } else {
        unset req.http.Accept-Encoding;
    }

    # While a replica is well, a page past its time is served for ten minutes at the most, and fetched anew behind; when it cannot be fetched,
    # for a day. X-Kept says what is looked for: "any" of these; a "new" one, since the one that is kept is older; or "some", to find out.
    if (!req.http.X-Kept) {
        set req.http.X-Kept = "some";
        if (!std.healthy(req.backend_hint)) {
            set req.http.X-Kept = "any";
        }
    }
    set req.grace = 24h;
    if (req.http.X-Kept == "new") {
        set req.grace = 10m;
    }
    # Were a new one not to be had, all who wait for it would try one after the other.
    set req.hash_ignore_busy = (req.http.X-Kept == "new");
    return (hash);
}

sub vcl_hash {
    # The address alone: the shop does not answer by host, so a forged Host must not make another copy.
    hash_data(req.url);
    return (lookup);
}

sub vcl_hit {
    if (req.http.X-Kept == "some" && obj.ttl + 10m < 0s && vsthrottle.remaining(req.url, 1, 10s) > 0) {
        set req.http.X-Kept = "new";
        return (restart);
    }
    return (deliver);
}

sub vcl_backend_response {
    set beresp.grace = 24h;
    # Taken over, it would end the page that is kept of the address, whatever it is.
    if (beresp.status >= 500 && (bereq.is_bgfetch || bereq.http.X-Kept == "new")) {
        return (abandon);
    }
    if (beresp.status != 200 || beresp.http.Set-Cookie || beresp.http.Cache-Control !~ "public") {
        set beresp.uncacheable = true;
        set beresp.ttl = 0s;
        return (deliver);
    }
    set beresp.http.xkey = beresp.http.Surrogate-Key;
    return (deliver);
}

sub vcl_synth {
    # No new one is to be had. For ten seconds nobody waits for one again (to ask is to be counted).
    if (req.http.X-Kept == "new" && resp.status == 503) {
        if (vsthrottle.is_denied(req.url, 1, 10s)) {
        }
        set req.http.X-Kept = "any";
        return (restart);
    }
}

sub vcl_deliver {
    if (obj.hits > 0) {
        set resp.http.X-Cache = "hit";
    } else {
        set resp.http.X-Cache = "miss";
    }
    unset resp.http.xkey;
    unset resp.http.Surrogate-Key;
    unset resp.http.Cache-Tag;
    unset resp.http.X-Varnish;
    unset resp.http.Via;
}

sub vcl_backend_error {
    if (bereq.is_bgfetch || bereq.http.X-Kept == "new") {
        return (abandon);
    }
    set beresp.http.Content-Type = "text/html; charset=utf-8";
    set beresp.http.Retry-After = "5";
    synthetic({"<!doctype html><html lang="en"><title>Back in a moment</title><h1>The shop is back in a moment</h1><p>Please try again.</p></html>"});
    return (deliver);
}
