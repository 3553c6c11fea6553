#include "cli/words.h"

#define W(word)                                                                                    \
    {                                                                                              \
        word, sizeof word - 1                                                                      \
    }
#define LIST(list)                                                                                 \
    {                                                                                              \
        list, sizeof(list) / sizeof *(list)                                                        \
    }

/* clang-format off */
static const struct weir_str first[] = {
    W("Ada"), W("Anton"), W("Beatriz"), W("Björn"), W("Chiara"), W("Dario"),
    W("Elif"), W("Emeka"), W("Fatima"), W("Félix"), W("Grace"), W("Hanna"), W("Hiro"),
    W("Ines"), W("Ivan"), W("Jonas"), W("Jürgen"), W("Kaito"), W("Katarzyna"),
    W("Lena"), W("Luís"), W("Maja"), W("Mateo"), W("Mei"), W("Nadia"), W("Noah"),
    W("Olga"), W("Omar"), W("Petra"), W("Priya"), W("Quentin"), W("Rosa"), W("Samir"),
    W("Sofía"), W("Tariq"), W("Tessa"), W("Uma"), W("Viktor"), W("Wanda"), W("Yusuf"),
    W("Zoë"), W("Zuzana"),
};

static const struct weir_str last[] = {
    W("Abe"), W("Albrecht"), W("Andersen"), W("Bianchi"), W("Björklund"), W("Castro"),
    W("Chen"), W("Costa"), W("Dubois"), W("Eriksson"), W("Fischer"), W("García"),
    W("Haddad"), W("Hansen"), W("Horváth"), W("Ito"), W("Ivanova"), W("Jansen"),
    W("Jensen"), W("Kaya"), W("Keller"), W("Kowalski"), W("Larsen"), W("Lindqvist"),
    W("López"), W("Marino"), W("Meyer"), W("Müller"), W("Nakamura"), W("Novák"),
    W("Okafor"), W("Olsen"), W("Patel"), W("Pereira"), W("Rossi"), W("Sato"),
    W("Schmidt"), W("Silva"), W("Tanaka"), W("Varga"), W("Weber"), W("Yılmaz"),
};

static const struct weir_str mail[] = {
    W("abe"), W("albrecht"), W("andersen"), W("bianchi"), W("castro"), W("chen"),
    W("costa"), W("dubois"), W("eriksson"), W("fischer"), W("garcia"), W("haddad"),
    W("hansen"), W("ito"), W("ivanova"), W("jansen"), W("kaya"), W("keller"),
    W("larsen"), W("lopez"), W("marino"), W("meyer"), W("novak"), W("okafor"),
    W("olsen"), W("patel"), W("rossi"), W("sato"), W("silva"), W("tanaka"),
    W("varga"), W("weber"),
};

static const struct weir_str city[] = {
    W("Porto, Portugal"), W("Lyon, France"), W("Gdańsk, Poland"), W("Kyoto, Japan"),
    W("Leeds, United Kingdom"), W("Turin, Italy"), W("Malmö, Sweden"),
    W("Bergen, Norway"), W("Lagos, Nigeria"), W("Austin, United States"),
    W("Zürich, Switzerland"), W("Graz, Austria"), W("Ghent, Belgium"),
    W("Valencia, Spain"), W("Aarhus, Denmark"), W("Brno, Czechia"), W("Cork, Ireland"),
    W("İzmir, Türkiye"), W("Pune, India"), W("Recife, Brazil"), W("Tampere, Finland"),
    W("Utrecht, Netherlands"), W("Bremen, Germany"), W("Toronto, Canada"),
    W("Perth, Australia"), W("Busan, South Korea"),
};

static const struct weir_str place[] = {
    W("Porto"), W("Lyon"), W("Gdansk"), W("Kyoto"), W("Leeds"), W("Turin"),
    W("Bergen"), W("Lagos"), W("Austin"), W("Graz"), W("Ghent"), W("Aarhus"),
    W("Brno"), W("Cork"), W("Izmir"), W("Pune"), W("Recife"), W("Tampere"),
    W("Utrecht"), W("Bremen"), W("Toronto"), W("Perth"), W("Busan"), W("Nantes"),
    W("Bilbao"), W("Delft"),
};

static const struct weir_str subject[] = {
    W("Data"), W("River"), W("Cloud"), W("Harbour"), W("Energy"), W("Music"),
    W("Climate"), W("Robotics"), W("Design"), W("Water"), W("Garden"), W("Film"),
    W("Health"), W("Open-Source"), W("Language"), W("History"), W("Mobility"),
    W("Photo"), W("Theatre"), W("Cooking"), W("Chess"), W("Bicycle"), W("Astronomy"),
    W("Typography"),
};

static const struct weir_str kind[] = {
    W("Summit"), W("Workshop"), W("Meetup"), W("Conference"), W("Festival"),
    W("Forum"), W("Fair"), W("Symposium"), W("Gathering"), W("Hackathon"),
    W("Exhibition"), W("Retreat"),
};

static const struct weir_str firm[] = {
    W("Northwind"), W("Bluebird"), W("Lockgate"), W("Millrace"), W("Tidewater"),
    W("Brightside"), W("Greenfield"), W("Ironbridge"), W("Longshore"), W("Redwood"),
    W("Silverline"), W("Stonebrook"), W("Westbank"), W("Highwater"), W("Clearwell"),
    W("Oakhurst"),
};

static const struct weir_str domain[] = {
    W("example.com"), W("example.org"), W("example.net"), W("events.example"),
    W("mail.example"), W("city.example"), W("fair.example"),
};

static const struct weir_str currency[] = {
    W("EUR"), W("USD"), W("GBP"), W("SEK"), W("JPY"), W("CHF"), W("PLN"), W("DKK"),
};

static const struct weir_str text[] = {
    W("about"), W("above"), W("access"), W("across"), W("after"), W("again"),
    W("agenda"), W("all"), W("along"), W("always"), W("and"), W("any"), W("arrive"),
    W("at"), W("audience"), W("available"), W("bag"), W("balcony"), W("bank"),
    W("basement"), W("before"), W("begin"), W("below"), W("best"), W("beyond"),
    W("bicycle"), W("board"), W("book"), W("both"), W("breakfast"), W("bridge"),
    W("bring"), W("building"), W("bus"), W("by"), W("call"), W("camera"), W("car"),
    W("card"), W("carry"), W("centre"), W("chair"), W("change"), W("children"),
    W("city"), W("close"), W("clothes"), W("coast"), W("coffee"), W("cold"),
    W("collect"), W("comfortable"), W("common"), W("confirm"), W("corner"), W("could"),
    W("courtyard"), W("daily"), W("dark"), W("day"), W("deposit"), W("desk"),
    W("different"), W("dinner"), W("door"), W("down"), W("drink"), W("dry"),
    W("each"), W("early"), W("east"), W("either"), W("electric"), W("empty"),
    W("end"), W("enough"), W("entrance"), W("evening"), W("every"), W("exit"),
    W("extra"), W("family"), W("far"), W("few"), W("find"), W("first"), W("floor"),
    W("food"), W("for"), W("forum"), W("free"), W("fresh"), W("friend"), W("from"),
    W("front"), W("full"), W("garden"), W("gate"), W("general"), W("glass"),
    W("good"), W("great"), W("green"), W("ground"), W("group"), W("guest"),
    W("guide"), W("hall"), W("half"), W("hand"), W("harbour"), W("help"), W("here"),
    W("high"), W("hold"), W("home"), W("hotel"), W("hour"), W("house"), W("if"),
    W("in"), W("inside"), W("island"), W("join"), W("journey"), W("keep"), W("key"),
    W("kind"), W("kitchen"), W("lake"), W("large"), W("last"), W("late"), W("lead"),
    W("leave"), W("left"), W("level"), W("library"), W("light"), W("limited"),
    W("line"), W("list"), W("local"), W("long"), W("lower"), W("lunch"), W("main"),
    W("many"), W("map"), W("market"), W("meal"), W("meet"), W("member"), W("middle"),
    W("minute"), W("mobile"), W("more"), W("morning"), W("most"), W("music"),
    W("name"), W("near"), W("need"), W("new"), W("next"), W("night"), W("north"),
    W("note"), W("number"), W("of"), W("office"), W("often"), W("old"), W("on"),
    W("open"), W("or"), W("order"), W("other"), W("outside"), W("over"), W("paper"),
    W("park"), W("part"), W("partner"), W("pass"), W("path"), W("people"), W("place"),
    W("plan"), W("platform"), W("please"), W("post"), W("present"), W("price"),
    W("printed"), W("programme"), W("provided"), W("public"), W("quiet"), W("rain"),
    W("reach"), W("ready"), W("receive"), W("regular"), W("rental"), W("request"),
    W("reserve"), W("rest"), W("return"), W("river"), W("road"), W("roof"), W("room"),
    W("round"), W("row"), W("safe"), W("same"), W("seat"), W("second"), W("secure"),
    W("shared"), W("ship"), W("short"), W("show"), W("shuttle"), W("side"), W("sign"),
    W("small"), W("some"), W("south"), W("space"), W("speaker"), W("square"),
    W("staff"), W("stage"), W("stairs"), W("start"), W("station"), W("step"),
    W("still"), W("stone"), W("stop"), W("street"), W("such"), W("summer"), W("sun"),
    W("supper"), W("table"), W("take"), W("team"), W("ten"), W("tent"), W("terrace"),
    W("than"), W("that"), W("their"), W("then"), W("there"), W("third"), W("through"),
    W("ticket"), W("time"), W("to"), W("together"), W("tower"), W("town"), W("track"),
    W("train"), W("tram"), W("travel"), W("tree"), W("two"), W("under"), W("until"),
    W("upper"), W("use"), W("valid"), W("valley"), W("view"), W("visit"),
    W("visitor"), W("volunteer"), W("wait"), W("walk"), W("wall"), W("warm"),
    W("water"), W("way"), W("weather"), W("week"), W("welcome"), W("west"), W("when"),
    W("where"), W("which"), W("while"), W("wide"), W("window"), W("winter"),
    W("with"), W("within"), W("without"), W("workshop"), W("year"), W("young"),
    W("your"), W("zone"),
};

/* clang-format on */
const struct weir_words weir_words_first = LIST(first);
const struct weir_words weir_words_last = LIST(last);
const struct weir_words weir_words_mail = LIST(mail);
const struct weir_words weir_words_city = LIST(city);
const struct weir_words weir_words_place = LIST(place);
const struct weir_words weir_words_subject = LIST(subject);
const struct weir_words weir_words_kind = LIST(kind);
const struct weir_words weir_words_firm = LIST(firm);
const struct weir_words weir_words_domain = LIST(domain);
const struct weir_words weir_words_currency = LIST(currency);
const struct weir_words weir_words_text = LIST(text);
