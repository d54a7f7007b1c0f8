"""What search.py puts into the server, and what it asks. `here` and `why`: where we answer otherwise on purpose."""

RUNS = [
    {
        "name": "amber",
        "start": 1000,
        "end": 2000,
        "status": "FINISHED",
        "user": "ana",
        "metrics": {"m": 0.5, "val/loss": 0.1, "a.b": 1, "val loss": 2.0, "naïve": 1.0},
        "params": {"lr": "0.1", "layer size": "12", "text": "it's", "p.q": "x", "größe": "ü", "path": "C:\\dir\\"},
        "tags": {"team": "red", "mlflow.source.name": "train.py", "a_b": "50%", "quote": 'say "hi"'},
        "datasets": [["iris", "d1", "training"], ["iris", "d2", ""]],
    },
    {
        "name": "Birch",
        "start": 2000,
        "end": 2500,
        "status": "FAILED",
        "user": "Bo",
        "metrics": {"m": -1, "val/loss": 0.2, "a.b": 2},
        "params": {"lr": "0.10", "layer size": "9", "text": "it''s", "p.q": "y"},
        "tags": {"team": "Red", "a_b": "axb", "quote": "say 'hi'"},
        "datasets": [["wine", "d3", "eval"]],
    },
    {
        "name": "cedar",
        "start": 2000,
        "status": "RUNNING",
        "metrics": {"m": "NaN", "a.b": 3},
        "params": {"lr": "1e-1", "text": "a_b", "path": "C:\\dir"},
        "tags": {"team": "RED", "a_b": "a_b"},
    },
    {
        "name": "dahlia",
        "start": 2000,
        "end": 3000,
        "status": "FINISHED",
        "metrics": {"m": "Infinity", "val/loss": 0.2},
        "params": {"lr": "", "text": "a%b"},
        "tags": {"team": "blue"},
        "datasets": [["Iris", "d1", "eval"], ["wine", "d3", "training"]],
    },
    {
        "name": "elm",
        "start": 3000,
        "metrics": {"m": "-Infinity"},
        "params": {"lr": "a\\%b", "text": "line\nbreak"},
        "tags": {"team": "réd", "emoji": "🙂"},
    },
    {"name": "fir", "start": 3000, "status": "KILLED", "end": 3000, "metrics": {}, "tags": {"team": "RÉD"}},
    {"name": "ginkgo", "start": 500, "metrics": {"m": 0, "a.b": 2}, "params": {"lr": "0.1"}, "tags": {"team": ""}},
    {"name": "hazel", "start": 4000, "metrics": {"m": 3}, "params": {"lr": "Zeta"}, "tags": {"other": "red"}},
    {"name": "iris", "start": 4000, "metrics": {"m": "NaN"}, "params": {"lr": "alpha"}},
    {"name": "juniper", "start": 100, "metrics": {"m": 0.5}, "params": {"lr": "Alpha"}, "deleted": True},
    {"name": "kapok", "start": 50, "metrics": {"m": 7}, "tags": {"team": "red"}, "experiment": 1},
    {"name": "larch", "start": 2000, "metrics": {"m": 0.25}, "tags": {"team": "red"}, "experiment": 1},
    {"name": "maple", "start": 60, "metrics": {"m": 8}, "tags": {"team": "red"}, "experiment": 1, "deleted": True},
]

RUN_FILTERS = r"""
metrics.m > 0
metrics.m >= 0
metrics.m < 0
metrics.m <= 0
metrics.m = 0
metrics.m != 0
metrics.m = 0.5
metrics.m = .5
metrics.m = 5e-1
metrics.m = 5E-1
metrics.m = 0.50
metrics.m > -1
metrics.m > - 1
metrics.m > +1
metrics.m >= -1.0
metrics.m = 3
metrics.m = 3.0
metrics.m = 3.
metrics.m = '3'
metrics.m = "3"
metrics.m = abc
metrics.m = NaN
metrics.m = inf
metrics.m < 1e999
metrics.m > 1e308
metrics.m = 1.7976931348623157e308
metrics.m = 0x3
metrics.m = 1_000
metrics.m > 0 AND metrics.m < 1
metrics.m > 0 and metrics.m < 1
metrics.m > 0 And metrics.m < 1
metrics.m > 0 OR metrics.m < 1
metrics.m > 0 AND
AND metrics.m > 0
metrics.m > 0 AND AND metrics.m < 1
metrics.m > 0 metrics.m < 1
metrics.m > 0, metrics.m < 1
metrics.m > 0; metrics.m < 1
metrics.m > 0;
(metrics.m > 0)
((metrics.m > 0))
NOT metrics.m > 0
metrics.m>0
metrics.m>0 AND metrics.m<1
  metrics.m   >   0
metrics.m == 0.5
metrics.m <> 0.5
metrics.m LIKE '0%'
metrics.m IN (1, 2)
metrics.m IS NULL
metrics.m IS NOT NULL
metrics.m BETWEEN 0 AND 1
metrics.missing > 0
metrics.missing != 0
metrics.M > 0
metric.m > 0
Metrics.m > 0
METRICS.m > 0
metrics.a.b = 2
metrics."a.b" = 2
metrics.`a.b` = 2
metrics.'a.b' = 2
metrics.val/loss = 0.2
metrics."val/loss" = 0.2
metrics.`val/loss` = 0.2
metrics.`val loss` = 2
metrics."val loss" = 2
metrics.val loss = 2
metrics.naïve = 1
metrics."naïve" = 1
`metrics`.`m` = 0.5
`metrics`.m = 0.5
"metrics".m = 0.5
`metrics.m` = 0.5
"metrics.m" = 0.5
metrics. m = 0.5
metrics .m = 0.5
metrics.m = 0.5 -- comment
metrics.m = 0.5 /* comment */
m = 0.5
metrics. = 0.5
.m = 0.5
metrics.m =
metrics.m
= 0.5
metrics.m 0.5
0.5 = metrics.m
0.5 < metrics.m
params.lr = '0.1'
params.lr = "0.1"
params.lr = `0.1`
params.lr = 0.1
params.lr = ''
params.lr = ""
params.lr != '0.1'
params.lr > '0.1'
params.lr <= '0.1'
params.lr LIKE '0%'
params.lr like '0%'
params.lr Like '0%'
params.lr ILIKE 'a%'
params.lr ilike 'A%'
params.lr LIKE 'a%'
params.lr LIKE 'A%'
params.lr LIKE '%'
params.lr LIKE ''
params.lr LIKE '_lpha'
params.lr LIKE '____'
params.lr LIKE 'a\%b'
params.lr LIKE 'a\\%b'
params.lr LIKE '%\%'
params.path LIKE '%\'
params.path LIKE 'C:\dir%'
params.path = 'C:\dir\'
params.path = "C:\dir\"
params.path = 'C:\dir'
params.path LIKE 'C:\dir\'
params.lr NOT LIKE '0%'
params.lr RLIKE '0.*'
params.lr IN ('0.1', 'alpha')
params.lr NOT IN ('0.1', 'alpha')
params.lr IS NULL
params.lr IS NOT NULL
params.lr is null
params.lr is not null
params.lr IS  NOT  NULL
params.lr IS 'x'
params.nothing IS NULL
params.nothing IS NOT NULL
params.lr IS NULL AND metrics.m IS NOT NULL
params.lr IS NOT NULL AND params.lr != '0.1'
params.missing = 'x'
params.missing != 'x'
params."layer size" = '12'
params.`layer size` = '12'
params.layer size = '12'
param.lr = '0.1'
parameter.lr = '0.1'
parameters.lr = '0.1'
Params.lr = '0.1'
params.p.q = 'x'
params."p.q" = 'x'
params.größe = 'ü'
params."größe" = "ü"
params.text = "it's"
params.text = 'it''s'
params.text = 'it\'s'
params.text = "it''s"
params.text LIKE "it's"
params.text LIKE '%''%'
params.text = 'a_b'
params.text LIKE 'a_b'
params.text LIKE 'a%b'
params.text = 'a%b'
params.text LIKE 'line%break'
params.text LIKE 'line_break'
params.text = 'a_b' AND params.lr = '1e-1'
params.text = 'unclosed
params.text = "unclosed
params.`text = 'x'
params.text = unclosed'
params.text = 'a' 'b'
params.text = a_b
tags.team = 'red'
tags.team = 'Red'
tags.team != 'red'
tags.team LIKE 'red'
tags.team LIKE 'r%'
tags.team LIKE '%R%'
tags.team ILIKE 'red'
tags.team ILIKE 'R%'
tags.team ILIKE '%E%'
tags.team ILIKE 'réd'
tags.team ILIKE 'RÉD'
tags.team LIKE 'r_d'
tags.team ILIKE 'R_D'
tags.team = ''
tags.team LIKE ''
tags.team != ''
tags.team IN ('red', 'blue')
tags.team IS NULL
tags.team IS NOT NULL
tags.team > 'a'
tag.team = 'red'
Tags.team = 'red'
tags.mlflow.source.name = 'train.py'
tags."mlflow.source.name" = 'train.py'
tags.`mlflow.source.name` = 'train.py'
tags.mlflow.runName = 'amber'
tags.`mlflow.runName` LIKE '%r%'
tags.a_b = '50%'
tags.a_b LIKE '50%'
tags.a_b LIKE '%\%'
tags.a_b LIKE 'a_b'
tags.quote = 'say "hi"'
tags.quote = "say 'hi'"
tags.quote LIKE "%'%"
tags.quote LIKE '%"%'
tags.emoji = '🙂'
tags.emoji LIKE '_'
tags.team = 'red' AND metrics.m > 0
tags.team = 'red' AND params.lr = '0.1' AND metrics.m = 0.5 AND status = 'FINISHED'
status = 'FINISHED'
status = "FINISHED"
status = 'finished'
status != 'FINISHED'
status LIKE 'F%'
status ILIKE 'f%'
status IN ('FINISHED', 'FAILED')
status NOT IN ('FINISHED', 'FAILED')
status = FINISHED
status > 'A'
status IS NULL
attributes.status = 'FINISHED'
attribute.status = 'FINISHED'
attr.status = 'FINISHED'
run.status = 'FINISHED'
Attributes.status = 'FINISHED'
attributes."status" = 'FINISHED'
attributes.`status` = 'FINISHED'
`status` = 'FINISHED'
"status" = 'FINISHED'
'status' = 'FINISHED'
STATUS = 'FINISHED'
run_name = 'amber'
run_name = 'birch'
run_name LIKE '%r%'
run_name LIKE 'B%'
run_name ILIKE 'b%'
run_name != 'amber'
run_name IN ('amber', 'elm')
attributes.run_name = 'amber'
attributes."Run name" = 'amber'
attributes.`Run name` = 'amber'
attributes."run name" = 'amber'
attributes."Run Name" = 'amber'
attributes."RUN NAME" = 'amber'
`Run name` = 'amber'
"Run name" = 'amber'
Run name = 'amber'
name = 'amber'
run_id = '<amber>'
run_id != '<amber>'
run_id LIKE '<amber>'
run_id IN ('<amber>')
run_id IN ('<amber>', '<elm>')
run_id IN ("<amber>", '<elm>')
run_id in ('<amber>','<elm>')
run_id IN ('<amber>' , '<elm>' )
run_id IN ('<amber>',)
run_id IN ()
run_id IN '<amber>'
run_id IN (1, 2)
run_id IN (<amber>)
run_id IN ('<amber>' '<elm>')
run_id IN ('<amber>', '<elm>'
run_id IN (('<amber>'))
run_id NOT IN ('<amber>', '<elm>')
run_id not in ('<amber>', '<elm>')
run_id IN ('<amber>', '<elm>') AND metrics.m > 0
attributes.run_id IN ('<amber>', '<elm>')
run_id = ('<amber>')
user_id = 'ana'
user_id = 'bo'
user_id ILIKE 'bo'
artifact_uri LIKE '%artifacts'
artifact_uri LIKE '%<amber>%'
start_time > 2000
start_time >= 2000
start_time < 2000
start_time <= 2000
start_time = 2000
start_time != 2000
start_time > 1999.5
start_time = 2000.0
start_time = 2000.5
start_time != 2000.5
start_time < 2000.5
start_time >= 2000.5
start_time > -1
start_time > 99999999999999999999
start_time < 99999999999999999999
start_time > '2000'
start_time LIKE '2%'
start_time IN (2000)
attributes.start_time > 2000
attributes.created > 2000
attributes.Created > 2000
created > 2000
Created > 2000
CREATED > 2000
end_time > 0
end_time = 3000
end_time != 3000
end_time IS NULL
attributes.end_time < 2500
attributes.nothing = 'x'
nothing = 'x'
lifecycle_stage = 'active'
experiment_id = '0'
dataset.name = 'iris'
datasets.name = 'iris'
dataset.name != 'iris'
dataset.name LIKE '%i%'
dataset.name ILIKE 'iris'
dataset.name IN ('iris', 'wine')
dataset.name NOT IN ('iris', 'wine')
dataset.digest = 'd3'
dataset.digest IN ('d1', 'd2')
dataset.context = 'training'
dataset.context != 'training'
dataset.context LIKE '%'
dataset.context IN ('eval')
dataset.nothing = 'x'
dataset.name = 3
dataset.name > 'a'
dataset.name IS NULL
dataset.name = 'iris' AND dataset.digest = 'd2'
dataset.name = 'iris' AND dataset.context = 'eval'
dataset.name = 'wine' AND dataset.context = 'training'
`dataset`.name = 'iris'
trace.name = 'x'
model.name = 'x'
1 = 1
SELECT * FROM runs
metrics.m > 0 UNION SELECT 1
metrics.m > 0 AND 1 = 1
'x'
x
*
metrics.*
metrics.m > (SELECT 1)
metrics.m > metrics.m
params.lr = params.lr
params.lr = 'a' || 'b'
metrics.m > 1 + 1
metrics.order > 1
metrics.count > 1
metrics.m-1 > 0
metrics.1m > 0
metrics.m1 > 0
params.select = 'x'
params.lr = '0.1' AND tags.team IS NULL
params.key = 'x'
tags.from = 'x'
"""

RUN_ORDERS = [
    [],
    ["metrics.m"],
    ["metrics.m ASC"],
    ["metrics.m DESC"],
    ["metrics.m desc"],
    ["metrics.m Desc"],
    ["metric.m DESC"],
    ["metrics.a.b DESC"],
    ['metrics."a.b"'],
    ["metrics.`val/loss` DESC"],
    ['metrics."val/loss" DESC'],
    ["metrics.`val loss`"],
    ["metrics.val/loss DESC"],
    ["metrics.missing"],
    ["metrics.missing DESC"],
    ["metrics.m", "metrics.a.b"],
    ["metrics.a.b DESC", "metrics.m DESC"],
    ["metrics.a.b", "start_time ASC"],
    ["metrics.a.b", "start_time DESC"],
    ["metrics.m", "metrics.m"],
    ["metrics.m", "metrics.m DESC"],
    ["params.lr"],
    ["params.lr DESC"],
    ["param.lr"],
    ["parameters.`layer size` DESC"],
    ["tags.team"],
    ["tags.team DESC"],
    ["tags.mlflow.runName"],
    ["tags.`mlflow.source.name`"],
    ["start_time"],
    ["start_time ASC"],
    ["start_time DESC"],
    ["attributes.start_time ASC"],
    ["attribute.start_time ASC"],
    ["attr.start_time ASC"],
    ["run.start_time ASC"],
    ["created ASC"],
    ["Created DESC"],
    ["attributes.created DESC"],
    ["end_time"],
    ["end_time DESC"],
    ["end_time DESC", "run_name"],
    ["run_id"],
    ["run_id DESC"],
    ["attributes.run_id"],
    ["run_name"],
    ["run_name DESC"],
    ["attributes.run_name"],
    ["attributes.`Run name`"],
    ["`Run name` DESC"],
    ["status"],
    ["status", "run_name DESC"],
    ["user_id", "status DESC", "run_name"],
    ["artifact_uri"],
    ["experiment_id"],
    ["lifecycle_stage"],
    ["nothing"],
    ["attributes.nothing"],
    ["dataset.name"],
    ["start_time ASCENDING"],
    ["start_time DESC NULLS LAST"],
    ["start_time, run_name"],
    ["start_time ASC DESC"],
    ["DESC"],
    [""],
    ["  start_time   DESC  "],
    ["start_time DESC;"],
    ["(start_time)"],
    ["'start_time'"],
    ['"start_time"'],
    ["`start_time`"],
    ["1"],
    ["metrics"],
    ["metrics."],
    ["metrics.m +1"],
    ["random()"],
]

STRICT = "a filter that says nothing, or half of something, is refused"
SAME_EVERYWHERE = "an operator is accepted wherever its type of value is"
HARMLESS = "accepted, as it has only one meaning"
NEWEST_FIRST = ["hazel", "iris", "elm", "dahlia", "Birch", "cedar", "amber", "ginkgo"]
EVERY_RUN = ["hazel", "iris", "fir", "elm", "dahlia", "Birch", "cedar", "amber", "ginkgo"]

HERE_RUNS = {
    "metrics.m > +1": (["hazel", "dahlia"], HARMLESS),
    "metrics.m > 0 metrics.m < 1": ("error", STRICT),
    "metrics.m IS NULL": (["fir"], SAME_EVERYWHERE),
    "metrics.m IS NOT NULL": (NEWEST_FIRST, SAME_EVERYWHERE),
    '"metrics".m = 0.5': (["amber"], HARMLESS),
    "metrics. m = 0.5": ("error", STRICT),
    "metrics. = 0.5": ("error", STRICT),
    "params.lr IN ('0.1', 'alpha')": (["iris", "amber", "ginkgo"], SAME_EVERYWHERE),
    "params.lr NOT IN ('0.1', 'alpha')": (["hazel", "elm", "dahlia", "Birch", "cedar"], SAME_EVERYWHERE),
    "params.lr IS  NOT  NULL": (NEWEST_FIRST, HARMLESS),
    "params.lr IS NULL AND metrics.m IS NOT NULL": ([], SAME_EVERYWHERE),
    r"params.text = 'it\'s'": ("error", "a backslash is a character like others"),
    "tags.team IN ('red', 'blue')": (["dahlia", "amber"], SAME_EVERYWHERE),
    "status IN ('FINISHED', 'FAILED')": (["dahlia", "Birch", "amber"], SAME_EVERYWHERE),
    "status NOT IN ('FINISHED', 'FAILED')": (["hazel", "iris", "fir", "elm", "cedar", "ginkgo"], SAME_EVERYWHERE),
    "run_name IN ('amber', 'elm')": (["elm", "amber"], SAME_EVERYWHERE),
    "run_id IN ('<amber>' '<elm>')": ("error", STRICT),
    "run_id IN (('<amber>'))": ("error", STRICT),
    "start_time > 99999999999999999999": ([], HARMLESS),
    "start_time < 99999999999999999999": (EVERY_RUN, HARMLESS),
    "tags.from = 'x'": ([], "a key may be a word of SQL"),
}
HERE_ORDERS = {
    ("attributes.`Run name`",): (
        ["Birch", "amber", "cedar", "dahlia", "elm", "fir", "ginkgo", "hazel", "iris"],
        "a name for filters is one for orders",
    ),
    ("`Run name` DESC",): (
        ["iris", "hazel", "ginkgo", "fir", "elm", "dahlia", "cedar", "amber", "Birch"],
        "a name for filters is one for orders",
    ),
    ("  start_time   DESC  ",): (EVERY_RUN, HARMLESS),
    ("metrics.",): ("error", STRICT),
}


def here(case, table, key):
    if key in table:
        case["here"], case["why"] = table[key]
    return case


def run_cases():
    out = [here({"filter": line}, HERE_RUNS, line) for line in RUN_FILTERS.strip("\n").split("\n")]
    out += [here({"order_by": order}, HERE_ORDERS, tuple(order)) for order in RUN_ORDERS]
    for view in ("ACTIVE_ONLY", "DELETED_ONLY", "ALL"):
        for experiments in ([0], [1], [0, 1], [1, 0], []):
            for order in ([], ["metrics.m DESC"], ["start_time ASC"]):
                out.append({"view": view, "experiments": experiments, "order_by": order})
            out.append({"view": view, "experiments": experiments, "filter": "metrics.m > 0"})
            out.append(
                {"view": view, "experiments": experiments, "filter": "tags.team = 'red'", "order_by": ["metrics.m"]}
            )
    for order in (["metrics.m"], ["metrics.m DESC"], ["params.lr", "metrics.m DESC"], ["tags.team DESC"]):
        for text in ("metrics.m != 0", "params.lr IS NOT NULL", "tags.team LIKE '%d'", "status = 'FINISHED'"):
            out.append({"filter": text, "order_by": order})
    return out


EXPERIMENTS = [
    {"name": "alpha", "tags": {"team": "red", "a.b": "x"}},
    {"name": "Beta", "tags": {"team": "Red"}},
    {"name": "beta", "tags": {"team": "blue"}, "deleted": True},
    {"name": "gamma %", "tags": {"team": "red", "é": "É"}},
    {"name": "it's", "tags": {}},
]

EXPERIMENT_FILTERS = r"""
name = 'alpha'
name = "alpha"
name != 'alpha'
name LIKE '%a'
name LIKE 'B%'
name ILIKE 'b%'
name ILIKE 'BETA'
name IN ('alpha', 'Beta')
name = "it's"
name = 'it''s'
name LIKE '%\%'
attribute.name = 'alpha'
attributes.name = 'alpha'
attr.name = 'alpha'
experiment.name = 'alpha'
`name` = 'alpha'
tags.team = 'red'
tag.team = 'red'
tags.`team` = 'red'
tags."a.b" = 'x'
tags.a.b = 'x'
tags.team != 'red'
tags.team LIKE 'r%'
tags.team ILIKE 'r%'
tags.team IS NULL
tags.team IS NOT NULL
tags.team IN ('red')
tags.é = 'É'
tags.é ILIKE 'é'
tags.team = 'red' AND name LIKE 'g%'
experiment_id = '0'
experiment_id != '0'
experiment_id IN ('0', '1')
experiment_id LIKE '0%'
experiment_id > '0'
experiment_id = 0
creation_time = <created>
creation_time >= <created>
creation_time < <created>
creation_time != <created>
creation_time > 0.5
creation_time > '5'
last_update_time > 0
last_update_time < 0
lifecycle_stage = 'active'
metrics.m > 0
params.p = 'x'
nothing = 'x'
name =
name = alpha
name > 'a'
name IS NULL
"""

EXPERIMENT_ORDERS = [
    ["name"],
    ["name DESC"],
    ["name ASC"],
    ["attribute.name DESC"],
    ["experiment_id"],
    ["experiment_id DESC"],
    ["creation_time"],
    ["creation_time DESC"],
    ["last_update_time DESC"],
    ["last_update_time ASC", "name DESC"],
    ["tags.team"],
    ["nothing"],
    ["name", "name DESC"],
    ["lifecycle_stage"],
]

ALL_EXPERIMENTS = ["it's", "gamma %", "Beta", "alpha", "runs 1", "runs 0", "Default"]
ONE_GRAMMAR = "the groups and names of one kind of search are those of all"
HERE_EXPERIMENTS = {
    "name IN ('alpha', 'Beta')": (["Beta", "alpha"], SAME_EVERYWHERE),
    "attributes.name = 'alpha'": (["alpha"], ONE_GRAMMAR),
    "attr.name = 'alpha'": (["alpha"], ONE_GRAMMAR),
    "tags.team IN ('red')": (["gamma %", "alpha"], SAME_EVERYWHERE),
    "experiment_id LIKE '0%'": (["Default"], SAME_EVERYWHERE),
    "creation_time > 0.5": (ALL_EXPERIMENTS, SAME_EVERYWHERE),
    ("tags.team",): (["Beta", "gamma %", "alpha", "it's", "runs 1", "runs 0", "Default"], ONE_GRAMMAR),
    ("name", "name DESC"): ("error", "an order that is there twice is a mistake, as it is for runs"),
}


def experiment_cases():
    out = [here({"filter": line}, HERE_EXPERIMENTS, line) for line in EXPERIMENT_FILTERS.strip("\n").split("\n")]
    out += [here({"order_by": order}, HERE_EXPERIMENTS, tuple(order)) for order in EXPERIMENT_ORDERS]
    for view in ("ACTIVE_ONLY", "DELETED_ONLY", "ALL"):
        out.append({"view": view})
        out.append({"view": view, "filter": "name ILIKE 'b%'", "order_by": ["name"]})
    return out


LOGGED_MODELS = [
    {
        "name": "one",
        "type": "sklearn",
        "params": {"depth": "3", "a b": "x"},
        "tags": {"team": "red"},
        "metrics": [["acc", "", "", 0, 0.5], ["acc", "iris", "d1", 1, 0.9], ["loss", "wine", "d3", 0, 0.1]],
        "status": "LOGGED_MODEL_READY",
    },
    {
        "name": "Two",
        "type": "onnx",
        "params": {"depth": "4"},
        "tags": {"team": "Red"},
        "metrics": [["acc", "iris", "d1", 5, 0.4], ["acc", "wine", "d3", 2, 0.8]],
    },
    {"name": "three", "type": "onnx", "metrics": [["acc", "", "", 0, 0.7]], "status": "LOGGED_MODEL_UPLOAD_FAILED"},
    {"name": "four", "type": "", "tags": {"team": "blue"}},
]

LOGGED_MODEL_FILTERS = r"""
name = 'one'
name != 'one'
name LIKE 't%'
name ILIKE 't%'
name IN ('one', 'Two')
name NOT IN ('one', 'Two')
name IN ('one')
attributes.name = 'one'
attribute.name = 'one'
model_type = 'onnx'
model_type != 'onnx'
status = 'READY'
status != 'READY'
status IN ('READY', 'PENDING')
status = 'LOGGED_MODEL_READY'
status LIKE 'R%'
creation_timestamp > 0
creation_time > 0
creation_timestamp_ms > 0
last_updated_timestamp > 0
last_updated_timestamp_ms > 0
last_updated_time > 0
creation_time < 0
metrics.acc > 0.6
metrics.acc >= 0.9
metrics.acc < 0.5
metrics.acc != 0.7
metrics.acc = 0.7
metrics.loss < 1
metrics.acc LIKE '0%'
metric.acc > 0.6
params.depth = '3'
params.depth != '3'
params.depth LIKE '%'
params.depth IN ('3', '5')
params.depth NOT IN ('3')
params.`a b` = 'x'
params."a b" = 'x'
params.depth > '3'
tags.team = 'red'
tags.team ILIKE 'RED'
tags.team IN ('red', 'blue')
tags.team IS NULL
params.depth IS NOT NULL
metrics.acc > 0.6 AND tags.team = 'red'
nothing = 'x'
name = one
name =
"""


def logged_model_cases():
    out = [here({"filter": line}, HERE_MODELS, line) for line in LOGGED_MODEL_FILTERS.strip("\n").split("\n")]
    for field in (
        "name",
        "creation_timestamp",
        "creation_time",
        "creation_timestamp_ms",
        "last_updated_timestamp",
        "model_id",
        "model_type",
        "status",
        "metrics.acc",
        "metrics.loss",
        "metrics.nothing",
        "params.depth",
        "nothing",
    ):
        for ascending in (True, False):
            case = {"order_by": [{"field_name": field, "ascending": ascending}]}
            out.append(here(case, HERE_MODELS, (field, ascending)))
    iris = {"dataset_name": "iris", "dataset_digest": "d1"}
    wine = {"dataset_name": "wine"}
    for ascending in (True, False):
        for dataset in (iris, wine):
            out.append({"order_by": [{"field_name": "metrics.acc", "ascending": ascending} | dataset]})
    for datasets in ([iris], [wine], [iris, wine], [{"dataset_name": "nothing"}]):
        names = "+".join(dataset["dataset_name"] for dataset in datasets)
        for text in ("", "metrics.acc > 0.6", "metrics.acc < 0.5", "name = 'one'"):
            out.append(here({"filter": text, "datasets": datasets}, HERE_MODELS, (names, text)))
        case = {"datasets": datasets, "order_by": [{"field_name": "metrics.acc", "ascending": False}]}
        out.append(here(case, HERE_MODELS, (names, "order")))
    return out


STATUS = "statuses are compared by the names that clients know; MLflow has them since 3.18"
NO_DIGEST = "a data set without a digest is one of any digest"
HERE_MODELS = {
    "attribute.name = 'one'": (["one"], ONE_GRAMMAR),
    "status = 'READY'": (["one"], STATUS),
    "status != 'READY'": (["four", "three", "Two"], STATUS),
    "status IN ('READY', 'PENDING')": (["four", "Two", "one"], STATUS),
    "status LIKE 'R%'": (["one"], STATUS),
    "last_updated_time > 0": (["four", "three", "Two", "one"], ONE_GRAMMAR),
    "metrics.acc > 0.6": (["three", "one"], "the newest value of a metric is compared, as in MLflow since 3.18"),
    "metric.acc > 0.6": (["three", "one"], ONE_GRAMMAR),
    "params.\"a b\" = 'x'": (["one"], ONE_GRAMMAR),
    "tags.team IS NULL": (["three"], SAME_EVERYWHERE),
    "params.depth IS NOT NULL": (["Two", "one"], SAME_EVERYWHERE),
    "name = one": ("error", "a text is in quotes"),
    ("wine", ""): (["Two", "one"], NO_DIGEST),
    ("wine", "metrics.acc > 0.6"): (["Two"], NO_DIGEST),
    ("wine", "name = 'one'"): (["one"], NO_DIGEST),
    ("wine", "order"): (["Two", "one"], NO_DIGEST),
}

REGISTERED_MODELS = [
    {
        "name": "iris",
        "tags": {"team": "red", "task": "a b"},
        "versions": [
            {"source": "s3://b/1", "run_id": "r1", "tags": {"state": "good"}},
            {"source": "s3://b/2", "run_id": "r2", "tags": {"state": "Bad", "a.b": "x"}},
            {"source": "s3://b/3", "run_id": "r1"},
        ],
    },
    {"name": "Wine", "tags": {"team": "Red"}, "versions": [{"source": "s3://b/1", "run_id": "r3"}]},
    {"name": "wine", "tags": {"team": "blue"}},
    {"name": "50%", "tags": {}},
    {"name": "it's", "tags": {"team": "red"}},
    {
        "name": "greeting",
        "tags": {"mlflow.prompt.is_prompt": "true"},
        "versions": [{"source": "dummy-source", "run_id": "", "tags": {"mlflow.prompt.is_prompt": "true"}}],
    },
]

REGISTERED_MODEL_FILTERS = r"""
name = 'iris'
name = "iris"
name != 'iris'
name LIKE 'w%'
name ILIKE 'w%'
name LIKE '%i%'
name LIKE '%\%'
name IN ('iris', 'wine')
attribute.name = 'iris'
attributes.name = 'iris'
name = "it's"
tags.team = 'red'
tag.team = 'red'
tags.team != 'red'
tags.team LIKE 'R%'
tags.team ILIKE 'R%'
tags.`team` = 'red'
tags."team" = 'red'
tags.team = 'red' AND tags.task = 'a b'
tags.team = 'red' AND tags.team = 'blue'
tags.team IS NULL
tags.mlflow.prompt.is_prompt = 'true'
tags.`mlflow.prompt.is_prompt` = 'true'
tags.`mlflow.prompt.is_prompt` != 'true'
tags.`mlflow.prompt.is_prompt` = 'false'
tags.`mlflow.prompt.is_prompt` != 'false'
creation_timestamp > 0
nothing = 'x'
name =
name > 'a'
"""

MODEL_VERSION_FILTERS = r"""
name = 'iris'
name != 'iris'
name LIKE 'W%'
name ILIKE 'w%'
name IN ('iris', 'Wine')
version_number = 2
version_number = '2'
version_number > 1
version_number >= 2.0
version_number != 2
version_number LIKE '2'
version_number IN (2)
run_id = 'r1'
run_id IN ('r1', 'r3')
run_id NOT IN ('r1')
run_id LIKE 'r%'
source_path = 's3://b/1'
source_path LIKE '%/1'
source_path IN ('s3://b/1')
tags.state = 'good'
tags.state != 'good'
tags.state ILIKE 'BAD'
tags.a.b = 'x'
tags.`a.b` = 'x'
tag.state = 'good'
tags.state IS NULL
name = 'iris' AND version_number > 1
attribute.name = 'iris'
attributes.name = 'iris'
creation_timestamp > 0
nothing = 'x'
"""

HERE_REGISTERED = {
    "attributes.name = 'iris'": (["iris"], ONE_GRAMMAR),
    "tags.team IS NULL": (["50%"], SAME_EVERYWHERE),
    ("creation_timestamp",): (["iris", "Wine", "wine", "50%", "it's"], ONE_GRAMMAR),
    ("tags.team",): (["Wine", "wine", "iris", "it's", "50%"], ONE_GRAMMAR),
}
HERE_VERSIONS = {
    "attributes.name = 'iris'": (["iris/3", "iris/2", "iris/1"], ONE_GRAMMAR),
    "version_number >= 2.0": (["iris/3", "iris/2"], SAME_EVERYWHERE),
    "source_path IN ('s3://b/1')": (["Wine/1", "iris/1"], SAME_EVERYWHERE),
    "tags.state IS NULL": (["Wine/1", "iris/3"], SAME_EVERYWHERE),
    ("run_id",): (["iris/3", "iris/1", "iris/2", "Wine/1"], ONE_GRAMMAR),
}


def registered_model_cases():
    out = [here({"filter": line}, HERE_REGISTERED, line) for line in REGISTERED_MODEL_FILTERS.strip("\n").split("\n")]
    for order in (
        [],
        ["name"],
        ["name DESC"],
        ["timestamp"],
        ["timestamp DESC"],
        ["last_updated_timestamp DESC"],
        ["last_updated_timestamp ASC", "name DESC"],
        ["creation_timestamp"],
        ["name", "name"],
        ["nothing"],
        ["tags.team"],
    ):
        out.append(here({"order_by": order}, HERE_REGISTERED, tuple(order)))
    return out


def model_version_cases():
    out = [here({"filter": line}, HERE_VERSIONS, line) for line in MODEL_VERSION_FILTERS.strip("\n").split("\n")]
    for order in (
        [],
        ["name"],
        ["name DESC"],
        ["version_number"],
        ["version_number DESC"],
        ["version_number DESC", "name DESC"],
        ["last_updated_timestamp"],
        ["last_updated_timestamp DESC"],
        ["creation_timestamp DESC"],
        ["run_id"],
        ["nothing"],
    ):
        out.append(here({"order_by": order}, HERE_VERSIONS, tuple(order)))
    return out
